/// A number and what is counted, such as `1 node` or `2 nodes`.
///
/// - Parameter many: Nil for the singular with an s.
func counted(_ number: some BinaryInteger, _ one: String, _ many: String? = nil) -> String {
    "\(number) \(number == 1 ? one : many ?? one + "s")"
}
