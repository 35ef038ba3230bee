#include "common/httpd/tls.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <pthread.h>

#include "common/base/mem.h"
#include "common/httpd/loop.h"

struct httpd_tls {
    pthread_mutex_t lock; /* for the pointer only, at each new connection and reload */
    SSL_CTX *context;
    char *certificate_path, *key_path;
};

static int on_alpn(SSL *ssl, const unsigned char **chosen, unsigned char *chosen_size,
                   const unsigned char *offered, unsigned offered_size, void *argument)
{
    static const unsigned char ours[] = "\x08http/1.1";
    unsigned char *found;

    (void)ssl;
    (void)argument;
    if (SSL_select_next_proto(&found, chosen_size, ours, sizeof(ours) - 1, offered, offered_size) !=
        OPENSSL_NPN_NEGOTIATED)
        return SSL_TLSEXT_ERR_ALERT_FATAL;
    *chosen = found;
    return SSL_TLSEXT_ERR_OK;
}

static SSL_CTX *load(const char *certificate_path, const char *key_path, struct buf *why)
{
    SSL_CTX *context = SSL_CTX_new(TLS_server_method());
    const char *wrong = NULL;
    char reason[160];

    must(context != NULL);
    ERR_clear_error();
    SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
    SSL_CTX_set_options(context, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION |
                                     SSL_OP_CIPHER_SERVER_PREFERENCE);
    SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_alpn_select_cb(context, on_alpn, NULL);
    if (SSL_CTX_use_certificate_chain_file(context, certificate_path) != 1)
        wrong = certificate_path;
    else if (SSL_CTX_use_PrivateKey_file(context, key_path, SSL_FILETYPE_PEM) != 1 ||
             SSL_CTX_check_private_key(context) != 1)
        wrong = key_path;
    if (wrong == NULL)
        return context;
    ERR_error_string_n(ERR_peek_last_error(), reason, sizeof(reason));
    ERR_clear_error();
    buf_printf(why, "%s: %s", wrong, reason);
    SSL_CTX_free(context);
    return NULL;
}

struct httpd_tls *tls_new(const char *certificate_path, const char *key_path, struct buf *why)
{
    SSL_CTX *context = load(certificate_path, key_path, why);
    struct httpd_tls *tls;

    if (context == NULL)
        return NULL;
    tls = mem_new(sizeof(*tls));
    must(pthread_mutex_init(&tls->lock, NULL) == 0);
    tls->context = context;
    tls->certificate_path = mem_strdup(certificate_path);
    tls->key_path = mem_strdup(key_path);
    return tls;
}

int tls_reload(struct httpd_tls *tls, struct buf *why)
{
    SSL_CTX *context = load(tls->certificate_path, tls->key_path, why), *old;

    if (context == NULL)
        return -EINVAL;
    pthread_mutex_lock(&tls->lock);
    old = tls->context;
    tls->context = context;
    pthread_mutex_unlock(&tls->lock);
    SSL_CTX_free(old);
    return 0;
}

void tls_free(struct httpd_tls *tls)
{
    if (tls == NULL)
        return;
    SSL_CTX_free(tls->context);
    pthread_mutex_destroy(&tls->lock);
    mem_free(tls->certificate_path);
    mem_free(tls->key_path);
    mem_free(tls);
}

SSL_CTX *tls_context(struct httpd_tls *tls)
{
    SSL_CTX *context;

    pthread_mutex_lock(&tls->lock);
    context = tls->context;
    SSL_CTX_up_ref(context);
    pthread_mutex_unlock(&tls->lock);
    return context;
}
