import ArgumentParser
import AsyncHTTPClient
import Crypto
import Histogram
import Hummingbird
import HummingbirdTLS
import NIOSSL
import SwiftProtobuf
import X509
import Yams

@main struct Warm { static func main() { print("ok") } }
