import Foundation
import Keys

extension NodeConfiguration {
    /// Where the key is that this member signs seals with: with the data, so that it goes when they go.
    var sealKeyFile: String { URL(filePath: dataDirectory).appending(path: "seal.key").filePath }

    /// The key that this member signs seals with, made when it is not there yet, and protected as the node's own.
    func sealKey() throws -> PrivateKey {
        guard !FileManager.default.fileExists(atPath: sealKeyFile) else { return try tls.loadKey(sealKeyFile) }
        let key = PrivateKey()
        try PrivateKeyFile.create(sealKeyFile, key: key, protection: tls.protection())
        return key
    }
}
