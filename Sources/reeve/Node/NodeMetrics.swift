import Decision
import HTTPAPI

/// Figures of the decision port, for the metrics of the admin port.
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
}
