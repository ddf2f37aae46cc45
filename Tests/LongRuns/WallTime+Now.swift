import Foundation
import Kernel

extension WallTime {
    static var now: WallTime { WallTime(milliseconds: UInt64(Date().timeIntervalSince1970 * 1000)) }
}
