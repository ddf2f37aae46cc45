import Decision
import Glibc
import HTTPAPI

/// Figures of the process and of the decision port, for the metrics of the admin port.
enum NodeMetrics {
    static func samples(
        decisions: DecisionCounters,
        server: DataPlaneCounters,
        log: DecisionLogStore
    ) -> [MetricSample] {
        let reading = server.reading
        var samples = decisions.reading.map { code, count in
            MetricSample.counter("reeve_decision_\(code.rawValue)_total", "Decisions with this reason code.", count)
        }
        samples += [
            .counter("reeve_process_cpu_milliseconds_total", "User and system time of the process.", cpuMilliseconds),
            .gauge(
                "reeve_httpapi_open_connections",
                "Connections to the decision port.",
                UInt64(reading.openConnections)
            ),
            .counter("reeve_httpapi_accepted_connections_total", "Connections accepted.", reading.acceptedConnections),
            .counter(
                "reeve_httpapi_refused_connections_total",
                "Connections past the limit.",
                reading.refusedConnections
            ),
            .counter("reeve_httpapi_timeouts_total", "Connections closed for being idle or slow.", reading.timeouts),
            .counter("reeve_httpapi_tls_failures_total", "Handshakes that failed.", reading.tlsFailures),
            .counter(
                "reeve_httpapi_responses_2xx_total",
                "Responses with a status from 200 to 299.",
                reading.successes
            ),
            .counter(
                "reeve_httpapi_responses_4xx_total",
                "Responses with a status from 400 to 499.",
                reading.clientErrors
            ),
            .counter(
                "reeve_httpapi_responses_5xx_total",
                "Responses with a status of 500 or more.",
                reading.serverErrors
            ),
            .counter(
                "reeve_httpapi_decision_log_bytes_total",
                "Bytes written to the decision log.",
                log.writtenByteCount
            ),
            .counter(
                "reeve_httpapi_decision_log_failures_total",
                "Writes to the decision log that failed.",
                log.failureCount
            ),
        ]
        return samples
    }

    private static var cpuMilliseconds: UInt64 {
        var usage = rusage()
        unsafe getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
        func milliseconds(_ time: timeval) -> UInt64 {
            UInt64(clamping: time.tv_sec) * 1000 + UInt64(clamping: time.tv_usec) / 1000
        }
        return milliseconds(usage.ru_utime) + milliseconds(usage.ru_stime)
    }
}
