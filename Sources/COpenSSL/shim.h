#pragma once
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pkcs12.h>
#include <openssl/x509.h>
#include <stddef.h>
#include <string.h>

// What Keys needs of OpenSSL, each call complete in itself: nothing that must be freed crosses to Swift. Private keys
// are PKCS#8 (RFC 5958) in DER.

enum reeve_key_result {
    REEVE_KEY_OK = 0,
    REEVE_KEY_MALFORMED,         // not DER of the expected structure
    REEVE_KEY_WRONG_PASSPHRASE,  // does not decrypt to a key
    REEVE_KEY_UNSUPPORTED,       // an algorithm that this OpenSSL does not offer
    REEVE_KEY_FAILED             // out of memory, no randomness, or the caller's buffer is too small
};

// Empties the error queue; whether it named an algorithm that is not available.
static inline int reeve_key_errors_unsupported(void) {
    int unsupported = 0;
    unsigned long error;
    while ((error = ERR_get_error()) != 0) {
        int reason = ERR_GET_REASON(error);
        if (reason == ERR_R_UNSUPPORTED) unsupported = 1;
        if (ERR_GET_LIB(error) != ERR_LIB_EVP) continue;
        if (reason == EVP_R_UNKNOWN_PBE_ALGORITHM || reason == EVP_R_UNSUPPORTED_ALGORITHM ||
            reason == EVP_R_UNSUPPORTED_CIPHER || reason == EVP_R_UNKNOWN_CIPHER ||
            reason == EVP_R_UNSUPPORTED_PRF || reason == EVP_R_UNSUPPORTED_KEY_DERIVATION_FUNCTION)
            unsupported = 1;
    }
    return unsupported;
}

// Whether the encryption is PBES2 (RFC 8018) and its PBKDF2 has no more rounds than a patient person waits for. The
// count is the file's, so that without a bound a damaged file would hang its reader. Scrypt is bounded by OpenSSL, in
// memory.
static inline int reeve_key_encryption_acceptable(const X509_SIG *sealed) {
    const X509_ALGOR *algorithm = NULL;
    X509_SIG_get0(sealed, &algorithm, NULL);
    if (OBJ_obj2nid(algorithm->algorithm) != NID_pbes2) return 0;
    PBE2PARAM *scheme = ASN1_TYPE_unpack_sequence(ASN1_ITEM_rptr(PBE2PARAM), algorithm->parameter);
    if (scheme == NULL) return 0;
    int acceptable = 1;
    if (OBJ_obj2nid(scheme->keyfunc->algorithm) == NID_id_pbkdf2) {
        PBKDF2PARAM *derivation =
            ASN1_TYPE_unpack_sequence(ASN1_ITEM_rptr(PBKDF2PARAM), scheme->keyfunc->parameter);
        long rounds = derivation == NULL ? -1 : ASN1_INTEGER_get(derivation->iter);
        acceptable = rounds > 0 && rounds <= 20 * 1000 * 1000;
        PBKDF2PARAM_free(derivation);
    }
    PBE2PARAM_free(scheme);
    return acceptable;
}

// EncryptedPrivateKeyInfo to PrivateKeyInfo. `out` has room for `*out_length` bytes, which becomes the count written;
// the result is never longer than the input.
static inline enum reeve_key_result reeve_key_decrypt(const unsigned char *in, size_t in_length, const char *passphrase,
                                                      size_t passphrase_length, unsigned char *out,
                                                      size_t *out_length) {
    const unsigned char *cursor = in;
    ERR_clear_error();
    X509_SIG *sealed = d2i_X509_SIG(NULL, &cursor, (long)in_length);
    if (sealed == NULL || cursor != in + in_length) {
        X509_SIG_free(sealed);
        ERR_clear_error();
        return REEVE_KEY_MALFORMED;
    }
    if (!reeve_key_encryption_acceptable(sealed)) {
        X509_SIG_free(sealed);
        ERR_clear_error();
        return REEVE_KEY_UNSUPPORTED;
    }
    PKCS8_PRIV_KEY_INFO *info = PKCS8_decrypt(sealed, passphrase, (int)passphrase_length);
    X509_SIG_free(sealed);
    if (info == NULL) return reeve_key_errors_unsupported() ? REEVE_KEY_UNSUPPORTED : REEVE_KEY_WRONG_PASSPHRASE;
    int length = i2d_PKCS8_PRIV_KEY_INFO(info, NULL);
    enum reeve_key_result result = REEVE_KEY_FAILED;
    if (length > 0 && (size_t)length <= *out_length) {
        unsigned char *write = out;
        *out_length = (size_t)i2d_PKCS8_PRIV_KEY_INFO(info, &write);
        result = REEVE_KEY_OK;
    }
    PKCS8_PRIV_KEY_INFO_free(info);
    return result;
}

// PrivateKeyInfo to EncryptedPrivateKeyInfo with PBES2 (RFC 8018): AES-256-CBC, PBKDF2 with HMAC-SHA-256 and a random
// 16-byte salt.
static inline enum reeve_key_result reeve_key_encrypt(const unsigned char *in, size_t in_length, const char *passphrase,
                                                      size_t passphrase_length, int iterations, unsigned char *out,
                                                      size_t *out_length) {
    const unsigned char *cursor = in;
    ERR_clear_error();
    PKCS8_PRIV_KEY_INFO *info = d2i_PKCS8_PRIV_KEY_INFO(NULL, &cursor, (long)in_length);
    if (info == NULL) {
        ERR_clear_error();
        return REEVE_KEY_MALFORMED;
    }
    X509_SIG *sealed = PKCS8_encrypt(NID_hmacWithSHA256, EVP_aes_256_cbc(), passphrase, (int)passphrase_length, NULL, 16,
                                     iterations, info);
    PKCS8_PRIV_KEY_INFO_free(info);
    ERR_clear_error();
    if (sealed == NULL) return REEVE_KEY_FAILED;
    int length = i2d_X509_SIG(sealed, NULL);
    enum reeve_key_result result = REEVE_KEY_FAILED;
    if (length > 0 && (size_t)length <= *out_length) {
        unsigned char *write = out;
        *out_length = (size_t)i2d_X509_SIG(sealed, &write);
        result = REEVE_KEY_OK;
    }
    X509_SIG_free(sealed);
    return result;
}

// Name of the curve of an EC key, such as prime256v1, else of the algorithm; zero-terminated. Malformed also when the
// private half does not fit the public half that is stored with it: CBC encryption has no integrity of its own, and a
// damaged file may well decrypt to another private key.
static inline enum reeve_key_result reeve_key_inspect(const unsigned char *in, size_t in_length, char *name,
                                                       size_t capacity) {
    const unsigned char *cursor = in;
    if (capacity == 0) return REEVE_KEY_FAILED;
    ERR_clear_error();
    PKCS8_PRIV_KEY_INFO *info = d2i_PKCS8_PRIV_KEY_INFO(NULL, &cursor, (long)in_length);
    EVP_PKEY *key = info == NULL ? NULL : EVP_PKCS82PKEY(info);
    PKCS8_PRIV_KEY_INFO_free(info);
    ERR_clear_error();
    if (key == NULL) return REEVE_KEY_MALFORMED;
    size_t length = 0;
    if (EVP_PKEY_get_group_name(key, name, capacity, &length) != 1) {
        const char *type = EVP_PKEY_get0_type_name(key);
        strncpy(name, type == NULL ? "unknown" : type, capacity - 1);
        name[capacity - 1] = 0;
    }
    EVP_PKEY_CTX *check = EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL);
    int consistent = check != NULL && EVP_PKEY_pairwise_check(check) == 1;
    EVP_PKEY_CTX_free(check);
    EVP_PKEY_free(key);
    ERR_clear_error();
    return consistent ? REEVE_KEY_OK : REEVE_KEY_MALFORMED;
}
