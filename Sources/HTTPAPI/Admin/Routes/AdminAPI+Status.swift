internal import JSON
internal import Service

extension AdminAPI {
    static let statusRoutes: [AdminRoute] = [
        AdminRoute("GET", "/healthz", .open) { _, _ in .json(["healthy": true]) },
        AdminRoute("GET", "/readyz", .open) { api, _ in
            let report = NodeReport(await api.client.status(), api.client, api.options)
            guard let reason = report.unreadiness else { return .json(report.readiness) }
            throw ServiceError(.unavailable, code: "not_ready", message: reason)
        },
        AdminRoute("GET", "/v1/node/status", .identified) { api, _ in
            .json(NodeReport(await api.client.status(), api.client, api.options).json)
        },
        AdminRoute("GET", "/metrics", .identified) { api, _ in
            let report = NodeReport(await api.client.status(), api.client, api.options)
            let text = MetricsText.format(report.metrics + api.options.metrics())
            return AdminResponse(
                status: 200,
                mediaType: MetricsText.mediaType,
                headers: [],
                body: Array(text.utf8)
            )
        },
    ]
}
