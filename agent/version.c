/* version.c — `antipode version`: version, build options, libraries.
 *
 * The libraries are those that are loaded, not those whose headers were there. */
#include "agent/version.h"

#include <jansson.h>
#include <microhttpd.h>
#include <pcap/pcap.h>
#include <uv.h>
#include <xxhash.h>
#include <yaml.h>

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

#ifdef ANTIPODE_JEMALLOC
#define ALLOCATOR "jemalloc"
#else
#define ALLOCATOR "libc"
#endif

#ifdef NDEBUG
#define ASSERTIONS "off"
#else
#define ASSERTIONS "on"
#endif

static void write_options(FILE *to)
{
    fprintf(to, "compiler: %s\n", __VERSION__);
    fprintf(to, "assertions: %s\n", ASSERTIONS);
    fprintf(to, "sanitizer: %s\n", SANITIZER);
    fprintf(to, "allocator: %s\n", ALLOCATOR);
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
    fprintf(to, "xxhash: %u.%u.%u\n", xxhash / 10000, xxhash / 100 % 100, xxhash % 100);
}

void version_write(FILE *to)
{
    fprintf(to, "antipode %s\n", ANTIPODE_VERSION);
    write_options(to);
    write_libraries(to);
}
