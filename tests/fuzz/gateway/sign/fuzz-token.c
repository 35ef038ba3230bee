/*
 * fuzz-token: whatever an issuer answers is a token that can be sent, of a life within bounds, or a
 * reason without one. The first byte chooses the status.
 */
#include "common/base/mem.h"
#include "gateway/sign/token.h"
#include "tenants/model/credential.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const int statuses[] = {200, 200, 200, 400, 401, 302, 503, 0};
    struct token_answer answer;

    if (size == 0)
        return 0;
    token_read(statuses[data[0] % array_size(statuses)],
               span_make((const char *)data + 1, size - 1), &answer);
    must(strlen(answer.error) <= TOKEN_ERROR_MAX);
    if (answer.why != NULL) {
        must(answer.token[0] == '\0');
        return 0;
    }
    must(credential_secret_ok(span_of(answer.token)) && strpbrk(answer.token, "\r\n") == NULL);
    must(answer.life_s >= TOKEN_LIFE_MIN_S && answer.life_s <= TOKEN_LIFE_MAX_S);
    return 0;
}
