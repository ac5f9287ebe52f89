/* version.c — `antipode version`: version, build options, libraries.
 *
 * The libraries are those that are loaded, not those whose headers were there; but hiredis cannot
 * be asked, and usrsctp has no number at all. */
#include "agent/version.h"

#include <ares.h>
#include <hiredis/hiredis.h>
#include <jansson.h>
#ifdef ANTIPODE_JEMALLOC
#include <jemalloc/jemalloc.h>
#endif
#include <microhttpd.h>
#include <pcap/pcap.h>
#include <tre/tre.h>
#include <uv.h>
#include <xxhash.h>
#include <yaml.h>

#include "tls/context.h"

#if defined(__SANITIZE_ADDRESS__)
#define SANITIZER "address"
#elif defined(__SANITIZE_THREAD__)
#define SANITIZER "thread"
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZER "address"
#elif __has_feature(thread_sanitizer)
#define SANITIZER "thread"
#endif
#endif
#ifndef SANITIZER
#define SANITIZER "none"
#endif

#ifdef ANTIPODE_LAB_CLOCK
#define LAB_CLOCK "yes (tests only: time can be moved)"
#else
#define LAB_CLOCK "no"
#endif

#ifdef NDEBUG
#define ASSERTIONS "off"
#else
#define ASSERTIONS "on"
#endif

/* Asked of the allocator itself: a linker leaves a library out that nobody names. */
static void write_allocator(FILE *to)
{
#ifdef ANTIPODE_JEMALLOC
    const char *version = "?";
    size_t size = sizeof version;
    (void)mallctl("version", &version, &size, NULL, 0); /* "?" where it does not say */
    fprintf(to, "allocator: jemalloc %s\n", version);
#else
    fprintf(to, "allocator: libc\n");
#endif
}

static void write_options(FILE *to)
{
    fprintf(to, "compiler: %s\n", __VERSION__);
    fprintf(to, "assertions: %s\n", ASSERTIONS);
    fprintf(to, "sanitizer: %s\n", SANITIZER);
    write_allocator(to);
    fprintf(to, "lab clock: %s\n", LAB_CLOCK);
}

static void write_libraries(FILE *to)
{
    unsigned xxhash = XXH_versionNumber();
    fprintf(to, "libuv: %s\n", uv_version_string());
    fprintf(to, "libyaml: %s\n", yaml_get_version_string());
    fprintf(to, "libmicrohttpd: %s\n", MHD_get_version());
    fprintf(to, "jansson: %s\n", jansson_version_str());
    fprintf(to, "libpcap: %s\n", pcap_lib_version());
    fprintf(to, "tre: %s\n", tre_version());
    fprintf(to, "hiredis: %d.%d.%d\n", HIREDIS_MAJOR, HIREDIS_MINOR, HIREDIS_PATCH);
    fprintf(to, "c-ares: %s\n", ares_version(NULL));
    fprintf(to, "openssl: %s\n", tls_library_version());
    fprintf(to, "xxhash: %u.%u.%u\n", xxhash / 10000, xxhash / 100 % 100, xxhash % 100);
}

void version_write(FILE *to)
{
    fprintf(to, "antipode %s\n", ANTIPODE_VERSION);
    write_options(to);
    write_libraries(to);
}
