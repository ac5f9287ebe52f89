/* pipe.c — the BIO that OpenSSL reads ciphertext from and writes it to. */
#include "tls/pipe.h"

#include <openssl/crypto.h>
#include <string.h>

static size_t read_kept(struct tls_pipe *pipe, char *to, size_t room)
{
    size_t size = tls_octets_size(&pipe->kept);
    if (size > room)
        size = room;
    if (size == 0)
        return 0;
    memcpy(to, tls_octets_at(&pipe->kept), size);
    tls_octets_take(&pipe->kept, size);
    return size;
}

static size_t read_lent(struct tls_pipe *pipe, char *to, size_t room)
{
    size_t size = pipe->lent_size < room ? pipe->lent_size : room;
    if (size == 0)
        return 0;
    memcpy(to, pipe->lent, size);
    pipe->lent += size;
    pipe->lent_size -= size;
    return size;
}

static int on_bio_read(BIO *bio, char *to, size_t room, size_t *size)
{
    struct tls_pipe *pipe = BIO_get_data(bio);
    BIO_clear_retry_flags(bio);
    *size = read_kept(pipe, to, room);
    *size += read_lent(pipe, to + *size, room - *size);
    if (*size != 0)
        return 1;
    BIO_set_retry_read(bio);
    return 0;
}

static int on_bio_write(BIO *bio, const char *from, size_t size, size_t *written)
{
    struct tls_pipe *pipe = BIO_get_data(bio);
    BIO_clear_retry_flags(bio);
    *written = size;
    return tls_octets_put(&pipe->unsent, from, size);
}

static long on_bio_ctrl(BIO *bio, int command, long number, void *pointer)
{
    (void)bio;
    (void)number;
    (void)pointer;
    return command == BIO_CTRL_FLUSH;
}

static BIO_METHOD *method;
static CRYPTO_ONCE method_once = CRYPTO_ONCE_STATIC_INIT;

static void make_method(void)
{
    method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "tls pipe");
    if (!method)
        return;
    BIO_meth_set_read_ex(method, on_bio_read);
    BIO_meth_set_write_ex(method, on_bio_write);
    BIO_meth_set_ctrl(method, on_bio_ctrl);
}

BIO *tls_pipe_bio(struct tls_pipe *pipe)
{
    if (!CRYPTO_THREAD_run_once(&method_once, make_method) || !method)
        return NULL;
    BIO *bio = BIO_new(method);
    if (!bio)
        return NULL;
    BIO_set_data(bio, pipe);
    BIO_set_init(bio, 1);
    return bio;
}

void tls_pipe_fini(struct tls_pipe *pipe)
{
    tls_octets_clear(&pipe->kept);
    tls_octets_clear(&pipe->unsent);
}

void tls_pipe_lend(struct tls_pipe *pipe, const void *octets, size_t size)
{
    pipe->lent = octets;
    pipe->lent_size = size;
}

bool tls_pipe_keep(struct tls_pipe *pipe)
{
    bool kept = tls_octets_put(&pipe->kept, pipe->lent, pipe->lent_size);
    tls_pipe_forget(pipe);
    return kept;
}

void tls_pipe_forget(struct tls_pipe *pipe)
{
    tls_pipe_lend(pipe, NULL, 0);
}
