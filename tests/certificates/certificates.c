/* certificates.c — X.509 by OpenSSL's functions, for tests only. */
#include "tests/certificates/certificates.h"

#include <dirent.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { HOUR = 3600, DAY = 86400, PATHS = 32, PATH_SIZE = 256 };

static void demand(bool is_so, const char *what)
{
    if (is_so)
        return;
    (void)fprintf(stderr, "certificates: %s\n", what);
    abort();
}

const char *certificates_path(const struct certificates *certificates, const char *file)
{
    static char paths[PATHS][PATH_SIZE];
    static unsigned next;
    char *path = paths[next++ % PATHS];
    (void)snprintf(path, PATH_SIZE, "%s/%s", certificates->folder, file);
    return path;
}

static FILE *open_to(const struct certificates *certificates, const char *name, const char *kind,
                     const char *mode)
{
    char path[PATH_SIZE];
    (void)snprintf(path, sizeof path, "%s/%s.%s", certificates->folder, name, kind);
    FILE *stream = fopen(path, mode);
    demand(stream != NULL, path);
    return stream;
}

void certificates_open(struct certificates *certificates)
{
    const char *base = getenv("TMPDIR");
    *certificates = (struct certificates){0};
    (void)snprintf(certificates->folder, sizeof certificates->folder, "%s/certificates-XXXXXX",
                   base ? base : "/tmp");
    demand(mkdtemp(certificates->folder) != NULL, "a folder");
}

void certificates_close(struct certificates *certificates)
{
    DIR *folder = opendir(certificates->folder);
    demand(folder != NULL, certificates->folder);
    for (struct dirent *entry; (entry = readdir(folder)) != NULL;) {
        if (*entry->d_name != '.')
            (void)unlink(certificates_path(certificates, entry->d_name));
    }
    closedir(folder);
    (void)rmdir(certificates->folder);
}

void certificates_write(const struct certificates *certificates, const char *file, const char *text)
{
    FILE *stream = fopen(certificates_path(certificates, file), "w");
    demand(stream != NULL, file);
    (void)fputs(text, stream);
    (void)fclose(stream);
}

static EVP_PKEY *read_key(const struct certificates *certificates, const char *name)
{
    FILE *file = open_to(certificates, name, "key", "r");
    EVP_PKEY *key = PEM_read_PrivateKey(file, NULL, NULL, NULL);
    (void)fclose(file);
    demand(key != NULL, "a key");
    return key;
}

static X509 *read_certificate(const struct certificates *certificates, const char *name)
{
    FILE *file = open_to(certificates, name, "pem", "r");
    X509 *certificate = PEM_read_X509(file, NULL, NULL, NULL);
    (void)fclose(file);
    demand(certificate != NULL, "a certificate");
    return certificate;
}

static void extend(X509 *certificate, X509 *issuer, int what, const char *value)
{
    X509V3_CTX context;
    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, issuer, certificate, NULL, NULL, 0);
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &context, what, value);
    demand(extension && X509_add_ext(certificate, extension, -1), value);
    X509_EXTENSION_free(extension);
}

/* "a.example,b.example" → "DNS:a.example,DNS:b.example". */
static void add_names(X509 *certificate, const char *dns)
{
    char value[1024] = "";
    char copy[512];
    (void)snprintf(copy, sizeof copy, "%s", dns);
    for (char *rest = copy, *name; (name = strtok_r(rest, ",", &rest)) != NULL;) {
        size_t size = strlen(value);
        (void)snprintf(value + size, sizeof value - size, "%sDNS:%s", size ? "," : "", name);
    }
    extend(certificate, certificate, NID_subject_alt_name, value);
}

static void fill(X509 *certificate, const struct certificate *wanted, long serial, EVP_PKEY *key)
{
    X509_NAME *name = X509_get_subject_name(certificate);
    X509_set_version(certificate, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), serial);
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)wanted->name, -1,
                               -1, 0);
    X509_gmtime_adj(X509_getm_notBefore(certificate), wanted->from ? wanted->from : -HOUR);
    X509_gmtime_adj(X509_getm_notAfter(certificate), wanted->until ? wanted->until : DAY);
    X509_set_pubkey(certificate, key);
    if (wanted->dns)
        add_names(certificate, wanted->dns);
    if (wanted->is_authority) {
        extend(certificate, certificate, NID_basic_constraints, "critical,CA:TRUE");
        extend(certificate, certificate, NID_key_usage, "critical,keyCertSign,cRLSign");
        extend(certificate, certificate, NID_subject_key_identifier, "hash");
    }
}

static void sign(struct certificates *certificates, X509 *certificate,
                 const struct certificate *wanted, EVP_PKEY *key)
{
    if (!wanted->issuer) {
        X509_set_issuer_name(certificate, X509_get_subject_name(certificate));
        demand(X509_sign(certificate, key, EVP_sha256()) > 0, "a signature");
        return;
    }
    X509 *issuer = read_certificate(certificates, wanted->issuer);
    EVP_PKEY *issuer_key = read_key(certificates, wanted->issuer);
    X509_set_issuer_name(certificate, X509_get_subject_name(issuer));
    extend(certificate, issuer, NID_authority_key_identifier, "keyid");
    demand(X509_sign(certificate, issuer_key, EVP_sha256()) > 0, "a signature");
    EVP_PKEY_free(issuer_key);
    X509_free(issuer);
}

void certificates_make(struct certificates *certificates, const struct certificate *wanted)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *certificate = X509_new();
    demand(key && certificate, "memory");
    fill(certificate, wanted, ++certificates->serial, key);
    sign(certificates, certificate, wanted, key);
    FILE *file = open_to(certificates, wanted->name, "pem", "w");
    demand(PEM_write_X509(file, certificate), "writing");
    (void)fclose(file);
    file = open_to(certificates, wanted->name, "key", "w");
    demand(PEM_write_PrivateKey(file, key, NULL, NULL, 0, NULL, NULL), "writing");
    (void)fclose(file);
    X509_free(certificate);
    EVP_PKEY_free(key);
}

static void add_revoked(const struct certificates *certificates, X509_CRL *list, const char *name)
{
    X509 *certificate = read_certificate(certificates, name);
    X509_REVOKED *entry = X509_REVOKED_new();
    ASN1_TIME *now = X509_gmtime_adj(NULL, 0);
    X509_REVOKED_set_serialNumber(entry, X509_get_serialNumber(certificate));
    X509_REVOKED_set_revocationDate(entry, now);
    demand(X509_CRL_add0_revoked(list, entry), "a revocation");
    ASN1_TIME_free(now);
    X509_free(certificate);
}

void certificates_revoke(struct certificates *certificates, const char *authority,
                         const char *revoked, int64_t seconds)
{
    X509 *issuer = read_certificate(certificates, authority);
    EVP_PKEY *key = read_key(certificates, authority);
    X509_CRL *list = X509_CRL_new();
    ASN1_TIME *since = X509_gmtime_adj(NULL, -DAY);
    ASN1_TIME *until = X509_gmtime_adj(NULL, seconds);
    X509_CRL_set_version(list, X509_CRL_VERSION_2);
    X509_CRL_set_issuer_name(list, X509_get_subject_name(issuer));
    X509_CRL_set1_lastUpdate(list, since);
    X509_CRL_set1_nextUpdate(list, until);
    if (revoked)
        add_revoked(certificates, list, revoked);
    demand(X509_CRL_sign(list, key, EVP_sha256()) > 0, "a signature");
    FILE *file = open_to(certificates, authority, "crl", "w");
    demand(PEM_write_X509_CRL(file, list), "writing");
    (void)fclose(file);
    ASN1_TIME_free(since);
    ASN1_TIME_free(until);
    X509_CRL_free(list);
    EVP_PKEY_free(key);
    X509_free(issuer);
}

void certificates_usual(struct certificates *certificates)
{
    certificates_open(certificates);
    certificates_make(certificates, &(struct certificate){.name = "ca", .is_authority = 1});
    certificates_make(
        certificates,
        &(struct certificate){.name = "agent", .issuer = "ca", .dns = "agent.example.net"});
    certificates_make(certificates, &(struct certificate){
                                        .name = "peer", .issuer = "ca", .dns = "peer.example.net"});
}
