import Foundation

/// Debian's etcd, told to expire nothing and to log little. Durability is left at its default: every write is synced.
struct EtcdCluster: PeerCluster {
    static let name = "etcd"

    let nodes: [ServerProcess]
    let endpoints: [Endpoint]
    private let certificates: String
    private let etcdctl: String
    private let portBase: Int

    init(directory: String, certificates: String, etcd: String, etcdctl: String, portBase: Int, timers: Timers) throws {
        self.certificates = certificates
        self.etcdctl = etcdctl
        self.portBase = portBase
        func client(_ number: Int) -> String { "https://\(Endpoint.host):\(portBase + 2 * number)" }
        func peer(_ number: Int) -> String { "https://\(Endpoint.host):\(portBase + 2 * number + 1)" }
        let members = (0..<3).map { "e\($0)=\(peer($0))" }.joined(separator: ",")
        nodes = try (0..<3).map { number in
            let home = "\(directory)/e\(number)"
            try FileManager.default.createDirectory(atPath: home, withIntermediateDirectories: true)
            return ServerProcess(
                etcd,
                [
                    "--name", "e\(number)", "--data-dir", "\(home)/data", "--initial-cluster", members,
                    "--initial-cluster-state", "new", "--initial-cluster-token", "peers",
                    "--listen-client-urls", client(number), "--advertise-client-urls", client(number),
                    "--listen-peer-urls", peer(number), "--initial-advertise-peer-urls", peer(number),
                    "--heartbeat-interval", "\(timers.heartbeatMilliseconds)",
                    "--election-timeout", "\(timers.electionMilliseconds)",
                    "--client-cert-auth", "--trusted-ca-file", "\(certificates)/ca.crt",
                    "--cert-file", "\(certificates)/server.crt", "--key-file", "\(certificates)/server.key",
                    "--peer-client-cert-auth", "--peer-trusted-ca-file", "\(certificates)/ca.crt",
                    "--peer-cert-file", "\(certificates)/server.crt", "--peer-key-file", "\(certificates)/server.key",
                    "--logger", "zap", "--log-level", "warn", "--quota-backend-bytes", "8000000000",
                ],
                logFile: "\(home)/log"
            )
        }
        let tls = try Endpoint.context(
            roots: "\(certificates)/ca.crt",
            certificate: "\(certificates)/client.crt",
            key: "\(certificates)/client.key",
            kind: .grpc
        )
        endpoints = (0..<3).map { Endpoint(kind: .grpc, port: portBase + 2 * $0, tls: tls) }
    }

    func leader() -> Int? {
        let answers = statuses()
        guard answers.count == 3 else { return nil }
        let leaders = Set(answers.values.map(\.leader))
        guard leaders.count == 1, let id = leaders.first else { return nil }
        return answers.first { $0.value.member == id }?.key
    }

    func isWhole() -> Bool { leader() != nil }

    private struct Answer: Decodable {
        struct Status: Decodable {
            struct Header: Decodable {
                let member: UInt64
                enum CodingKeys: String, CodingKey { case member = "member_id" }
            }
            let header: Header
            let leader: UInt64?
        }
        let endpoint: String
        let status: Status
        enum CodingKeys: String, CodingKey { case endpoint = "Endpoint", status = "Status" }
    }

    private func statuses() -> [Int: (member: UInt64, leader: UInt64)] {
        let urls = (0..<3).map { "https://\(Endpoint.host):\(portBase + 2 * $0)" }
        let arguments = [
            "--endpoints", urls.joined(separator: ","), "--cacert", "\(certificates)/ca.crt",
            "--cert", "\(certificates)/client.crt", "--key", "\(certificates)/client.key",
            "endpoint", "status", "--write-out", "json",
        ]
        guard let data = try? output(of: etcdctl, arguments, environment: ["ETCDCTL_API": "3"]),
            let answers = try? JSONDecoder().decode([Answer].self, from: data)
        else { return [:] }
        var found: [Int: (member: UInt64, leader: UInt64)] = [:]
        for answer in answers {
            guard let number = urls.firstIndex(of: answer.endpoint), let leader = answer.status.leader, leader != 0
            else {
                continue
            }
            found[number] = (answer.status.header.member, leader)
        }
        return found
    }
}
