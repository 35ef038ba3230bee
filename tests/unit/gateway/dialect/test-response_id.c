#include "tests/support/testing.h"

#include "gateway/dialect/response_id.h"

static struct uuid uuid_of(uint8_t byte)
{
    struct uuid id;

    memset(&id, byte, sizeof(id));
    return id;
}

static struct span write_one(struct buf *out, const char *secret, uint8_t project, const char *id)
{
    const struct sha256 key = response_id_key(span_of(secret));
    const struct response_place place = {.project = uuid_of(project),
                                         .deployment = uuid_of(7),
                                         .account = UINT64_C(0xfedcba9876543210),
                                         .id = span_of(id)};

    *out = buf_make(RESPONSE_ID_MAX);
    response_id_write(&key, &place, out);
    return buf_span(out);
}

static void what_was_handed_out_is_read_by_its_project_alone(void **state)
{
    static const struct {
        const char *what, *secret;
        uint8_t project;
        enum response_id_outcome wanted;
    } rows[] = {
        {"its project", "s", 1, RESPONSE_ID_GOOD},
        {"another project", "s", 2, RESPONSE_ID_UNKNOWN},
        {"another secret", "t", 1, RESPONSE_ID_UNKNOWN},
    };
    struct buf out;
    struct span text = write_one(&out, "s", 1, "resp_aB-9");

    (void)state;
    in_row("begins so", span_starts(text, "resp_tg1"));
    in_row("ends so", span_ends(text, "_resp_aB-9"));
    for (size_t i = 0; i < array_size(rows); i++) {
        const struct sha256 key = response_id_key(span_of(rows[i].secret));
        struct response_place place = {.project = uuid_of(rows[i].project)};

        assert_int(rows[i].what, response_id_read(&key, text, &place), rows[i].wanted);
        if (rows[i].wanted != RESPONSE_ID_GOOD)
            continue;
        assert_span(rows[i].what, place.id, "resp_aB-9");
        in_row(rows[i].what, place.deployment.at[0] == 7);
        in_row(rows[i].what, place.account == UINT64_C(0xfedcba9876543210));
    }
    buf_done(&out);
}

/* The account is a part of a secret's hash. */
static void the_account_is_not_to_be_seen(void **state)
{
    enum { AT = sizeof("resp_tg1") - 1, SIZE = 54, ACCOUNT_AT = sizeof(struct uuid), ACCOUNT = 8 };
    static const char account[ACCOUNT] = "\xfe\xdc\xba\x98\x76\x54\x32\x10";
    static const char *const ids[] = {"resp_a", "resp_b"};
    char seen[2][ACCOUNT];

    (void)state;
    for (size_t i = 0; i < array_size(ids); i++) {
        struct buf out, sealed = buf_make(SIZE);
        struct span text = write_one(&out, "s", 1, ids[i]);

        assert_int(ids[i], digest_unbase64url(span_part(text, AT, SIZE), &sealed), 0);
        memcpy(seen[i], sealed.at + ACCOUNT_AT, ACCOUNT);
        in_row(ids[i], memcmp(seen[i], account, ACCOUNT) != 0);
        buf_done(&sealed);
        buf_done(&out);
    }
    in_row("nor that two are of one account", memcmp(seen[0], seen[1], ACCOUNT) != 0);
}

static void not_a_byte_of_it_may_be_another(void **state)
{
    const struct sha256 key = response_id_key(span_of("s"));
    struct buf out;
    struct span text = write_one(&out, "s", 1, "resp_a");

    (void)state;
    for (size_t i = 0; i < text.size; i++) {
        struct response_place place = {.project = uuid_of(1)};
        char before = out.at[i];

        out.at[i] = before == 'x' ? 'y' : 'x';
        assert_int("changed", response_id_read(&key, text, &place), RESPONSE_ID_UNKNOWN);
        out.at[i] = before;
        assert_int("cut", response_id_read(&key, span_part(text, 0, i), &place),
                   RESPONSE_ID_UNKNOWN);
    }
    buf_done(&out);
}

static void other_ids_are_none(void **state)
{
    static const struct {
        const char *what, *text;
        enum response_id_outcome wanted;
    } rows[] = {
        {"nothing", "", RESPONSE_ID_UNKNOWN},
        {"a provider's own", "resp_08ddf351751647d6", RESPONSE_ID_UNKNOWN},
        {"a translated answer's", "resp_gen_01", RESPONSE_ID_OURS},
    };
    const struct sha256 key = response_id_key(span_of("s"));

    (void)state;
    for (size_t i = 0; i < array_size(rows); i++) {
        struct response_place place = {.project = uuid_of(1)};

        assert_int(rows[i].what, response_id_read(&key, span_of(rows[i].text), &place),
                   rows[i].wanted);
    }
}

static void a_providers_odd_id_is_not_handed_out(void **state)
{
    static const char *const odd[] = {"", "a/b", "a b", "a?b", "\xc3\xbc"};

    (void)state;
    for (size_t i = 0; i < array_size(odd); i++) {
        struct buf out;
        assert_int(odd[i], (int64_t)write_one(&out, "s", 1, odd[i]).size, 0);
        buf_done(&out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_handed_out_is_read_by_its_project_alone),
        cmocka_unit_test(the_account_is_not_to_be_seen),
        cmocka_unit_test(not_a_byte_of_it_may_be_another),
        cmocka_unit_test(other_ids_are_none),
        cmocka_unit_test(a_providers_odd_id_is_not_handed_out),
    };

    return run_test_table(tests);
}
