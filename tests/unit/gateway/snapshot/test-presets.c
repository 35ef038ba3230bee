/* presets: which preset a key, its project and its tenant go by, and what becomes of one that this
 * build does not understand. */
#include "gateway/snapshot/presets.h"

#include <stdio.h>
#include <unistd.h>

#include "common/base/buf.h"
#include "common/base/mem.h"
#include "gateway/snapshot/build.h"
#include "gateway/snapshot/copy.h"
#include "tenants/store/snapshot_read.h"
#include "tests/support/testing.h"

enum { TENANTS = 2, PROJECTS = 2, KEYS = 4, PRESETS = 5, UNREADABLE = 2 };

static struct tenant_row tenants[TENANTS];
static struct project_row projects[PROJECTS];
static struct key_row keys[KEYS];
static struct secret_row secrets[KEYS];
static struct preset_row presets[PRESETS];

static struct preset_row preset(uint8_t id, uint32_t tenant, const char *name, const char *body)
{
    return (struct preset_row){.id = {{id}},
                               .tenant = tenant,
                               .version = 10 + id,
                               .name = span_of(name),
                               .body = span_of(body)};
}

/* Tenant 0 goes by a, its project 1 by b; key 2 goes by c, which nobody understands, and key 3 by
 * its own a. Tenant 1 has presets and goes by none. */
static struct snapshot_rows make_rows(void)
{
    static const uint8_t of_keys[KEYS] = {0, 0, 3, 1};

    presets[0] = preset(1, 0, "a", "{\"model\":\"x/a\"}");
    presets[1] = preset(2, 0, "b", "{\"model\":\"x/b\"}");
    presets[2] = preset(3, 0, "c", "{\"model\":\"x/c\",\"orbit\":1}");
    presets[3] = preset(4, 1, "a", "{\"model\":\"y/a\"}");
    presets[4] = preset(5, 1, "A B", "{\"model\":\"y/b\"}");
    for (uint32_t i = 0; i < TENANTS; i++) {
        tenants[i] = (struct tenant_row){.id = {{(uint8_t)(31 + i)}},
                                         .home_cell = span_of("c1"),
                                         .routing = {.strategy = span_of("")}};
    }
    tenants[0].preset = presets[0].id;
    tenants[0].routing = (struct routing_row){
        .hedge = true, .continue_on_failure = true, .strategy = span_of("latency")};
    projects[0] = (struct project_row){.id = {{41}}};
    projects[1] = (struct project_row){.id = {{42}}, .preset = presets[1].id};
    for (uint32_t i = 0; i < KEYS; i++) {
        keys[i] = (struct key_row){.id = {{(uint8_t)(51 + i)}},
                                   .project = i == 0 ? 0 : 1,
                                   .status_reason = span_of(""),
                                   .all_models = true,
                                   .preset = {{of_keys[i]}}};
        secrets[i] = (struct secret_row){
            .hash = {{(uint8_t)i}}, .key = i, .public_part = span_of("p"), .expires_ms = INT64_MAX};
    }
    return (struct snapshot_rows){.tenants = tenants,
                                  .projects = projects,
                                  .keys = keys,
                                  .secrets = secrets,
                                  .presets = presets,
                                  .tenant_count = TENANTS,
                                  .project_count = PROJECTS,
                                  .key_count = KEYS,
                                  .secret_count = KEYS,
                                  .preset_count = PRESETS};
}

static struct snapshot *build(const struct snapshot_rows *rows)
{
    static const struct build_config config = {.trial = true};

    return snapshot_build(rows, &config);
}

static const struct snapshot_key *key_of(const struct snapshot *snapshot, uint8_t secret)
{
    const struct sha256 hash = {{secret}};
    int64_t expires_ms;

    return snapshot_find_key(snapshot, &hash, &expires_ms);
}

static void a_key_goes_by_its_own_preset_else_its_project_s_else_its_tenant_s(void **state)
{
    static const struct {
        const char *what;
        uint8_t key;
        const char *model;
    } rows[] = {
        {"neither key nor project has one", 0, "x/a"},
        {"the project has one", 1, "x/b"},
        {"the key has one", 3, "x/a"},
    };
    struct snapshot_rows made = make_rows();
    struct snapshot *snapshot = build(&made);

    (void)state;
    for (size_t i = 0; i < array_size(rows); i++) {
        const struct snapshot_preset *found = key_of(snapshot, rows[i].key)->preset;

        in_row(rows[i].what, found != NULL);
        assert_span(rows[i].what, found->preset.root->model, rows[i].model);
    }
    const struct snapshot_preset *broken = key_of(snapshot, 2)->preset;
    in_row("the key's own cannot be read, and no other holds in its stead",
           broken != NULL && broken->preset.root == NULL && broken->name.size == 0);
    snapshot_unref(snapshot);
    tenants[0].preset = (struct uuid){{0}};
    snapshot = build(&made);
    in_row("nobody has one", key_of(snapshot, 0)->preset == NULL);
    snapshot_unref(snapshot);
}

static void a_name_is_a_preset_of_its_tenant_alone(void **state)
{
    static const struct snapshot_tenant here = {.id = {{31}}}, there = {.id = {{32}}},
                                        nowhere = {.id = {{33}}};
    static const struct {
        const char *what;
        const struct snapshot_tenant *tenant;
        const char *name, *model;
    } rows[] = {
        {"one's own", &here, "a", "x/a"},
        {"the other's of that name", &there, "a", "y/a"},
        {"the other has none of that name", &there, "b", NULL},
        {"nobody's tenant", &nowhere, "a", NULL},
        {"no name", &here, "", NULL},
        {"that cannot be read", &here, "c", NULL},
        {"a name that is none", &there, "A B", NULL},
        {"longer than any name", &here,
         "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", NULL},
    };
    struct snapshot_rows made = make_rows();
    struct snapshot *snapshot = build(&made);

    (void)state;
    for (size_t i = 0; i < array_size(rows); i++) {
        const struct snapshot_preset *found =
            snapshot_find_preset(snapshot, rows[i].tenant, span_of(rows[i].name));

        in_row(rows[i].what, (found == NULL) == (rows[i].model == NULL));
        if (found != NULL) {
            assert_span(rows[i].what, found->preset.root->model, rows[i].model);
            assert_span(rows[i].what, found->name, rows[i].name);
        }
    }
    assert_int("its version", snapshot_find_preset(snapshot, &here, span_of("b"))->version, 12);
    snapshot_unref(snapshot);
}

static void what_cannot_be_read_is_told_and_left_out(void **state)
{
    struct snapshot_rows made = make_rows();
    struct snapshot *snapshot = build(&made);

    (void)state;
    assert_int("two of them", snapshot_unreadable_count(snapshot), UNREADABLE);
    const struct snapshot_unreadable *one = snapshot_unreadable_at(snapshot, 0);
    in_row("which", one->preset.at[0] == 3 && one->tenant.at[0] == 31 && one->version == 13);
    assert_span("where", one->path, "orbit");
    in_row("why", one->why.size > 0);
    assert_span("by its name", snapshot_unreadable_at(snapshot, 1)->path, "name");
    snapshot_unref(snapshot);
}

static void a_tenant_s_rules_come_with_it_and_with_the_copy(void **state)
{
    char path[] = "/tmp/tollgate-presets-XXXXXX";
    struct snapshot_rows made = make_rows(), *back = NULL;
    int fd = mkstemp(path);

    (void)state;
    in_row("a file", fd >= 0);
    close(fd);
    assert_int("written", copy_write(path, span_of("key"), &made), 0);
    assert_int("read", copy_read(path, span_of("key"), &back), 0);
    struct snapshot *snapshot = build(back);
    snapshot_rows_free(back);
    unlink(path);
    const struct routing_rules *rules = &key_of(snapshot, 0)->tenant->routing;
    in_row("of the rows", rules->hedge && rules->continue_on_failure && !rules->zdr);
    assert_span("the strategy", rules->strategy, "latency");
    assert_int("anywhere", rules->region_count, 0);
    assert_span("the preset", key_of(snapshot, 1)->preset->preset.root->model, "x/b");
    snapshot_unref(snapshot);
}

/* As many as a tenant may have, each as large as one may be. */
static void one_tenant_s_presets_leave_room_for_the_others(void **state)
{
    enum { MANY = 500, LEAVES = 60, SYSTEM_BYTES = 900 };
    static struct preset_row many[MANY + 1];
    static char names[MANY][16], system[SYSTEM_BYTES + 1];
    struct buf body = buf_make(PRESET_BYTES_MAX);
    struct snapshot_rows made = make_rows();

    (void)state;
    memset(system, 'x', SYSTEM_BYTES);
    buf_add_string(&body, "{\"strategy\":{\"mode\":\"fallback\"},\"targets\":[");
    for (int i = 0; i < LEAVES; i++) {
        buf_printf(&body,
                   "%s{\"model\":\"x/%d\",\"provider\":{\"zdr\":true},"
                   "\"override_params\":{\"system\":\"%s\"}}",
                   i == 0 ? "" : ",", i, system);
    }
    buf_add_string(&body, "]}");
    in_row("it fits", !buf_failed(&body));
    for (int i = 0; i < MANY; i++) {
        snprintf(names[i], sizeof(names[i]), "p%03d", i);
        many[i] = preset(1, 0, names[i], body.at);
        many[i].id = (struct uuid){{1, (uint8_t)(i >> 8), (uint8_t)i}};
    }
    many[MANY] = preset(4, 1, "a", "{\"model\":\"y/a\"}");
    made.presets = many;
    made.preset_count = MANY + 1;
    struct snapshot *snapshot = build(&made);
    uint32_t left_out = snapshot_unreadable_count(snapshot);
    in_row("some are left out, some are not", left_out > 0 && left_out < MANY);
    in_row("the first is there",
           snapshot_find_preset(snapshot, &(struct snapshot_tenant){.id = {{31}}},
                                span_of("p000")) != NULL);
    in_row("the other tenant's is there",
           snapshot_find_preset(snapshot, &(struct snapshot_tenant){.id = {{32}}}, span_of("a")) !=
               NULL);
    snapshot_unref(snapshot);
    buf_done(&body);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_key_goes_by_its_own_preset_else_its_project_s_else_its_tenant_s),
        cmocka_unit_test(a_name_is_a_preset_of_its_tenant_alone),
        cmocka_unit_test(what_cannot_be_read_is_told_and_left_out),
        cmocka_unit_test(one_tenant_s_presets_leave_room_for_the_others),
        cmocka_unit_test(a_tenant_s_rules_come_with_it_and_with_the_copy),
    };

    return run_test_table(tests);
}
