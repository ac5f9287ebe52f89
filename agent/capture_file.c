/* capture_file.c — packets from a file, pcap or pcapng, by libpcap. */
#include <string.h>

#include <pcap/pcap.h>

#include "agent/capture.h"

/* Reads to the end; false where the file is damaged on the way. */
static bool read_packets(struct capture *capture, pcap_t *file)
{
    struct pcap_pkthdr *head;
    const u_char *octets;
    int there;
    while ((there = pcap_next_ex(file, &head, &octets)) == 1)
        capture_packet(capture, dm_bytes_of(octets, head->caplen), head->len);
    return there == PCAP_ERROR_BREAK;
}

static const char *name_of_link(int link)
{
    const char *name = pcap_datalink_val_to_name(link);
    return name ? name : "unknown";
}

bool capture_file(const char *path, uint32_t limit, capture_on_message *on_message, void *context,
                  struct capture_counts *counts, FILE *complaints)
{
    char error[PCAP_ERRBUF_SIZE];
    pcap_t *file = pcap_open_offline(path, error);
    if (file == NULL) { /* where it cannot be opened, libpcap names the file itself */
        bool is_named = strncmp(error, path, strlen(path)) == 0;
        fprintf(complaints, "%s%s%s\n", is_named ? "" : path, is_named ? "" : ": ", error);
        return false;
    }
    int link = pcap_datalink(file);
    bool is_good = capture_knows(link);
    if (!is_good)
        fprintf(complaints, "%s: packets of link type %d (%s) are not understood\n", path, link,
                name_of_link(link));
    if (is_good) {
        struct capture *capture = capture_new(link, limit, on_message, context);
        is_good = read_packets(capture, file);
        if (!is_good)
            fprintf(complaints, "%s: %s\n", path, pcap_geterr(file));
        capture_end(capture);
        *counts = *capture_counts(capture);
        capture_free(capture);
    }
    pcap_close(file);
    return is_good;
}
