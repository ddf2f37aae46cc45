import Kernel
import Keys
import Logging
import NIOCore
import Replica
import Sealing
import Storage
import Synchronization

/// What seals need of disk and keys: marks that are durable before anything is signed, and signatures.
///
/// It writes with the thread of the log, whose environment the marks are in.
final class SealOffice: Sendable {
    private let directory: DataDirectory
    private let key: PrivateKey
    private let publicKey: [UInt8]
    private let roster: MemberRoster
    private let log: LogWriter
    private let inbox: Inbox
    private let room: StorageRoom
    private let logger: Logger
    private let newestMemory = Mutex<SealMemory?>(nil)

    init(
        directory: DataDirectory,
        key: PrivateKey,
        roster: MemberRoster,
        log: LogWriter,
        inbox: Inbox,
        room: StorageRoom,
        logger: Logger
    ) {
        self.directory = directory
        self.key = key
        publicKey = key.compressedPublicKey
        self.roster = roster
        self.log = log
        self.inbox = inbox
        self.room = room
        self.logger = logger
    }

    func keep(_ mark: SealMark) {
        log.perform { [self] in
            do throws(StorageError) { try directory.keep(mark) } catch {
                guard error.isRoomMissing else { throw error }
                noteFull(error)
                // The seal is given up for a later one; what comes after it is not to be signed before this is kept.
                inbox.loop.scheduleTask(in: StorageRoom.retryInterval) { self.keep(mark) }
                return
            }
            room.note(.seals, isFull: false)
            inbox.post(.sealMarkKept(mark))
        }
    }

    /// Takes the place of what was to be kept before, also of what found no room yet.
    func keep(_ memory: SealMemory) {
        newestMemory.withLock { $0 = memory }
        keepNewestMemory()
    }

    private func keepNewestMemory() {
        log.perform { [self] in
            guard let memory = newestMemory.withLock({ $0 }) else { return }
            do throws(StorageError) { try directory.keep(memory) } catch {
                guard error.isRoomMissing else { throw error }
                noteFull(error)
                inbox.loop.scheduleTask(in: StorageRoom.retryInterval) { self.keepNewestMemory() }
                return
            }
            room.note(.seals, isFull: false)
        }
    }

    /// On the thread of the log, so that the node's own is free meanwhile.
    func sign(_ statement: SealStatement) {
        log.perform { [self] in
            inbox.post(.sealSigned(statement, signature: signature(of: statement)))
        }
    }

    private func signature(of statement: SealStatement) -> [UInt8]? {
        // Another one than the log names would be a signature that nobody can check.
        guard roster.ownSealKey == publicKey else { return nil }
        do throws(KeysError) { return try key.signature(of: statement.signedBytes) } catch {
            logger.error("a seal cannot be signed", metadata: ["error": "\(error)"])
            return nil
        }
    }

    private func noteFull(_ error: StorageError) {
        logger.error("no room for what is known of seals, trying again", metadata: ["error": "\(error)"])
        room.note(.seals, isFull: true)
    }
}
