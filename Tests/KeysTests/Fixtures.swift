/// Keys that protect nothing, made with OpenSSL 3.0's command line for these tests.
enum Fixtures {
    /// `openssl pkcs8 -topk8 -scrypt`, passphrase "correct".
    static let scrypt = """
        -----BEGIN ENCRYPTED PRIVATE KEY-----
        MIHkME8GCSqGSIb3DQEFDTBCMCEGCSsGAQQB2kcECzAUBAiuGipwstayAwICQAAC
        AQgCAQEwHQYJYIZIAWUDBAEqBBAzsJPwpIfiOvrBMecAV5CQBIGQ3F5shCE5dyFt
        0QHrSRj9lTis+yuoij9y3kwWK1eintHh9vBcn2eS2sGV43M74zc7TP99g3rC2B9a
        3qIHfqR5gv/smMrc1SxuLZe/68ONqM6jqvqVTBHl9bhJFLYLSB6opUsI6eKvKCCI
        CsxwTn0dY4+C5P2hRxomEPHxZBorPYoVVUN0WF6Z7H88sIWFJ5pu
        -----END ENCRYPTED PRIVATE KEY-----
        """

    /// `openssl pkcs8 -topk8 -v1 PBE-SHA1-3DES`, passphrase "correct".
    static let legacyEncryption = """
        -----BEGIN ENCRYPTED PRIVATE KEY-----
        MIGxMBwGCiqGSIb3DQEMAQMwDgQIFHh7O8czjEMCAggABIGQQHQDetuxqYezTH5I
        lsstHEnb0cyzBAtzTyFbdUfFi9Y1I8CJ8DXyO6mggKJUphKEuOmB0W+2ehIgNxmH
        LbwUo1720pjEHH+55VKpI95la9qA+R7JNexqGtfyvrVsO9HjR0DzMMvCZGu9Bq0s
        tErz3JRpQDkVdD/Nqhs2/bP4HVqdcs2yJwfEfYQpY0yiT3vs
        -----END ENCRYPTED PRIVATE KEY-----
        """

    /// `openssl genpkey -algorithm ED25519`.
    static let ed25519 = """
        -----BEGIN PRIVATE KEY-----
        MC4CAQAwBQYDK2VwBCIEIIntLgkOsYt/8DxmXJp8YpFUYRZg4jmakXqKPg/78TZW
        -----END PRIVATE KEY-----
        """

    /// `openssl ec`: a key in the format of SEC 1.
    static let notPKCS8 = """
        -----BEGIN EC PRIVATE KEY-----
        MHcCAQEEIG/fXbG396klz9V7OA4My6OAg3ZIYE+biL1toHtbCKIFoAoGCCqGSM49
        AwEHoUQDQgAEeWHQMJcNmsblYSWufGqHxBcFbQgQwColtVf8EU81a5r3oVPOOFvW
        3vthN+2YknfwudnxvAcQwpWw+3irvvtsvg==
        -----END EC PRIVATE KEY-----
        """
}
