/*
 * service: the tables: where each kind is asked for, and who speaks of it in another language.
 */
#include "gateway/dialect/service.h"

#include "gateway/dialect/bedrock.h"
#include "gateway/dialect/cohere.h"
#include "gateway/dialect/embed.h"
#include "gateway/sign/sigv4.h"

const char *service_path(enum ask_kind kind)
{
    static const char *const paths[ASK_KINDS] = {
        [ASK_EMBEDDINGS] = "/embeddings",
        [ASK_MODERATIONS] = "/moderations",
        [ASK_RERANK] = "/rerank",
        [ASK_IMAGES] = "/images/generations",
        [ASK_IMAGE_EDITS] = "/images/edits",
        [ASK_SPEECH] = "/audio/speech",
        [ASK_TRANSCRIPTIONS] = "/audio/transcriptions",
        [ASK_TRANSLATIONS] = "/audio/translations",
    };

    return paths[kind];
}

/* ---- paths of other languages ---- */

static void google_path(struct span model, const char *verb, struct buf *out)
{
    buf_add_string(out, span_starts(model, "models/") ? "/" : "/models/");
    sigv4_encode(model, "/", out);
    buf_add_string(out, verb);
}

static void gemini_embed_path(struct span model, struct buf *out)
{
    google_path(model, ":batchEmbedContents", out);
}

static void vertex_embed_path(struct span model, struct buf *out)
{
    google_path(model, ":predict", out);
}

static void cohere_embed_path(struct span model, struct buf *out)
{
    (void)model;
    buf_add_string(out, COHERE_EMBED_PATH);
}

static void cohere_rerank_path(struct span model, struct buf *out)
{
    (void)model;
    buf_add_string(out, COHERE_RERANK_PATH);
}

static void titan_path(struct span model, struct buf *out)
{
    buf_add_string(out, "/model/");
    sigv4_encode(model, "", out);
    buf_add_string(out, "/invoke");
}

/* ---- Cohere's reader in this table's shape ---- */

static bool read_cohere_rerank(struct json_doc *doc, struct span body, const struct json_doc *ask,
                               struct span model, struct answer *answer, struct buf *out)
{
    (void)model;
    return cohere_read_rerank(doc, body, ask, answer, out);
}

static const struct service_language languages[] = {
    {ASK_EMBEDDINGS, "cohere-v2", NULL, COHERE_NORMALISER, cohere_embed_path, cohere_write_embed,
     cohere_read_embed},
    {ASK_RERANK, "cohere-v2", NULL, COHERE_NORMALISER, cohere_rerank_path, cohere_write_rerank,
     read_cohere_rerank},
    {ASK_EMBEDDINGS, "gemini", NULL, EMBED_GEMINI_NORMALISER, gemini_embed_path, gemini_write_embed,
     gemini_read_embed},
    {ASK_EMBEDDINGS, "vertex-gemini", NULL, EMBED_GEMINI_NORMALISER, vertex_embed_path,
     vertex_write_embed, gemini_read_embed},
    {ASK_EMBEDDINGS, "bedrock-converse", "amazon.titan-embed", EMBED_TITAN_NORMALISER, titan_path,
     titan_write_embed, titan_read_embed},
};

const struct service_language *service_language_find(enum ask_kind kind, struct span dialect,
                                                     struct span model)
{
    for (size_t i = 0; i < array_size(languages); i++)
        if (languages[i].kind == kind && span_is(dialect, languages[i].dialect) &&
            (languages[i].models == NULL || span_starts(model, languages[i].models)))
            return &languages[i];
    return NULL;
}
