/* lab_metrics.c — what the agent says of itself: one GET, one sample, the ledger. */
#include "tests/lab/lab.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

static int connect_http(struct lab *lab)
{
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_port = htons(lab->http_port),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct timeval patience = {.tv_sec = LAB_DEADLINE_MS / 1000};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 && connect(fd, (struct sockaddr *)&to, sizeof(to)) == 0 &&
        setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) == 0)
        return fd;
    if (fd >= 0)
        close(fd);
    return -1;
}

static char *read_all(int fd)
{
    size_t room = 1 << 16, size = 0;
    char *text = malloc(room);
    for (ssize_t n; (n = recv(fd, text + size, room - size - 1, 0)) > 0;) {
        size += (size_t)n;
        if (room - size < 4096)
            text = realloc(text, room *= 2);
    }
    text[size] = '\0';
    return text;
}

char *lab_get(struct lab *lab, const char *path, int *status)
{
    char request[200];
    int fd = connect_http(lab);
    if (fd < 0)
        return NULL;
    int size =
        snprintf(request, sizeof(request), "GET %s HTTP/1.0\r\nHost: localhost\r\n\r\n", path);
    char *text = send(fd, request, (size_t)size, MSG_NOSIGNAL) == size ? read_all(fd) : NULL;
    char *body = text ? strstr(text, "\r\n\r\n") : NULL;
    close(fd);
    if (!body || sscanf(text, "HTTP/%*s %d", status) != 1) {
        free(text);
        return NULL;
    }
    memmove(text, body + 4, strlen(body + 4) + 1);
    return text;
}

static char *scrape(struct lab *lab)
{
    int status = 0;
    char *text = lab_get(lab, "/metrics", &status);
    if (!text || status != 200)
        lab_fail("/metrics does not answer (%d)", status);
    return text;
}

/* A sample that is not there counts as 0, but its family must be: else a name that is spelt wrong
 * would be 0 for ever. */
static void expect_family(const char *text, const char *sample)
{
    static const char *const suffixes[] = {"_bucket", "_sum", "_count"};
    char head[160];
    int size = (int)strcspn(sample, "{");
    for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
        int more = (int)strlen(suffixes[i]);
        if (size > more && strncmp(sample + size - more, suffixes[i], (size_t)more) == 0)
            size -= more;
    }
    snprintf(head, sizeof(head), "# TYPE %.*s ", size, sample);
    if (!strstr(text, head))
        lab_fail("/metrics has no family of %s", sample);
}

double lab_metric(struct lab *lab, const char *sample)
{
    char *text = scrape(lab);
    size_t size = strlen(sample);
    double value = 0;
    expect_family(text, sample);
    for (const char *line = text; line; line = strchr(line, '\n')) {
        line += *line == '\n';
        if (strncmp(line, sample, size) == 0 && line[size] == ' ')
            value = strtod(line + size, NULL);
    }
    free(text);
    return value;
}

/* Has this line, up to `end`, the sample we want? */
static bool fits(const char *line, const char *end, const char *name, const char *label)
{
    size_t size = strlen(name);
    const char *found = strstr(line, label);
    return strncmp(line, name, size) == 0 && (line[size] == '{' || line[size] == ' ') && found &&
           found < end;
}

static double sum_in(const char *text, const char *name, const char *label)
{
    double sum = 0;
    while (*text) {
        const char *end = text + strcspn(text, "\n");
        const char *value = memrchr(text, ' ', (size_t)(end - text));
        if (value && fits(text, end, name, label))
            sum += strtod(value, NULL);
        text = *end ? end + 1 : end;
    }
    return sum;
}

double lab_metric_sum(struct lab *lab, const char *name, const char *label)
{
    char *text = scrape(lab);
    double sum = sum_in(text, name, label);
    free(text);
    return sum;
}

void lab_wait_metric(struct lab *lab, const char *sample, double value)
{
    uint64_t deadline = lab_now_ms() + LAB_DEADLINE_MS;
    double is;
    while ((is = lab_metric(lab, sample)) != value) {
        if (lab_now_ms() > deadline)
            lab_fail("%s is %g, not %g", sample, is, value);
        lab_serve(lab, 10);
    }
}

void lab_wait_metric_sum(struct lab *lab, const char *name, const char *label, double value)
{
    uint64_t deadline = lab_now_ms() + LAB_DEADLINE_MS;
    double is;
    while ((is = lab_metric_sum(lab, name, label)) != value) {
        if (lab_now_ms() > deadline)
            lab_fail("the sum of %s with %s is %g, not %g", name, label, is, value);
        lab_serve(lab, 10);
    }
}

double lab_owed(struct lab *lab)
{
    char *text = scrape(lab);
    double sent = sum_in(text, "antipode_messages_sent_total", "type=\"base\"");
    double received = sum_in(text, "antipode_messages_received_total", "type=\"base\"");
    double dialled = sum_in(text, "antipode_peer_state", "state=\"wait_i_cea\"");
    free(text);
    return sent - received - dialled;
}

void lab_expect_balance(struct lab *lab)
{
    uint64_t deadline = lab_now_ms() + LAB_DEADLINE_MS;
    for (;;) {
        char *text = scrape(lab);
        double received = sum_in(text, "antipode_messages_received_total", "type=\"request\"");
        double ended = sum_in(text, "antipode_requests_total", "");
        double in_flight = sum_in(text, "antipode_requests_in_flight", "");
        free(text);
        if (received == ended + in_flight)
            return;
        if (lab_now_ms() > deadline)
            lab_fail("the ledger does not balance: %g received, %g ended, %g in flight", received,
                     ended, in_flight);
        lab_serve(lab, 20);
    }
}
