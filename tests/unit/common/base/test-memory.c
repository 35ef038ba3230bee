/* Arenas, buffers, maps and lists: what owns bytes or orders them. */
#include "tests/support/testing.h"

#include <errno.h>

#include "common/base/arena.h"
#include "common/base/buf.h"
#include "common/base/list.h"
#include "common/base/map.h"
#include "common/base/mem.h"

static void an_arena_gives_zeroed_aligned_memory_up_to_its_room(void **state)
{
    struct arena *arena = arena_new(1024, 10000);

    (void)state;
    for (int round = 0; round < 3; round++) {
        assert_int("empty", arena_used(arena), 0);
        assert_int("all of it", arena_room(arena), round == 0 ? 10000 : 10000 - 1024);
        for (size_t size = 0; size < 100; size++) {
            unsigned char *at = arena_take(arena, size);
            assert_int("aligned", (uintptr_t)at % 16, 0);
            for (size_t i = 0; i < size; i++)
                assert_int("zeroed", at[i], 0);
            memset(at, 0xff, size);
        }
        assert_true(arena_used(arena) >= 99 * 100 / 2);
        arena_reset(arena);
    }
    arena_free(arena);
    arena_free(NULL);
}

static void the_room_of_an_arena_can_be_taken_whole(void **state)
{
    static const size_t first[] = {0, 1, 500, 1000, 1024, 1025, 5000, 9000, 9999, 10000};

    (void)state;
    for (size_t i = 0; i < array_size(first); i++) {
        struct arena *arena = arena_new(1024, 10000);
        char *at = arena_take(arena, first[i]);
        memset(at, 1, first[i]);
        while (arena_room(arena) > 0) {
            size_t size = arena_room(arena);
            memset(arena_take(arena, size), 1, size);
        }
        arena_reset(arena);
        assert_int("empty again", arena_used(arena), 0);
        assert_true(arena_room(arena) >= 10000 - 1024);
        arena_free(arena);
    }
}

static void a_wiped_arena_has_no_secrets_in_any_chunk(void **state)
{
    struct arena *arena = arena_new(64, 10000);
    const char *secrets[20];

    (void)state;
    for (size_t i = 0; i < array_size(secrets); i++)
        secrets[i] = arena_strdup(arena, "a secret of thirty-two characters");
    arena_wipe(arena);
    for (size_t i = 0; i < array_size(secrets); i++)
        for (size_t at = 0; at < strlen("a secret of thirty-two characters"); at++)
            assert_int_equal(secrets[i][at], 0);
    arena_free(arena);
    arena_wipe(NULL);
}

static void what_an_arena_keeps_is_no_room_and_can_be_taken(void **state)
{
    struct arena *arena = arena_new(64, 10000);

    (void)state;
    arena_keep(arena, 1000);
    assert_int("room", arena_room(arena), 9000);
    while (arena_room(arena) > 0) {
        size_t size = arena_room(arena) / 2 + 1;
        memset(arena_take(arena, size), 1, size);
    }
    for (size_t i = 0; i < 9; i++)
        memset(arena_take(arena, 96), 1, 96);
    assert_int("and it is no room still", arena_room(arena), 0);
    arena_reset(arena);
    assert_true(arena_room(arena) >= 9000 - 64);
    arena_free(arena);
}

static void an_arena_copies_text_with_a_nul(void **state)
{
    struct arena *arena = arena_new(64, 1 << 20);

    (void)state;
    assert_string_equal(arena_strdup(arena, "abc"), "abc");
    struct span copy = arena_span(arena, span_make("a\0b", 3));
    assert_int("its size", copy.size, 3);
    assert_int("its end", copy.at[3], 0);
    assert_string_equal(arena_span(arena, span_make(NULL, 0)).at, "");
    char *text = arena_printf(arena, "%s-%0300d", "x", 1);
    assert_int("formatted", strlen(text), 302);
    int64_t *numbers = arena_array(arena, 100, sizeof(*numbers));
    assert_int("zeroed", numbers[99], 0);
    arena_free(arena);
}

static void a_buffer_stops_at_its_maximum_and_says_so(void **state)
{
    struct buf buf = buf_make(10);

    (void)state;
    assert_null(buf_span(&buf).at);
    assert_int("fits", buf_add_string(&buf, "12345678"), 0);
    assert_int("fits whole", buf_add(&buf, "90", 2), 0);
    assert_int("nothing fits too", buf_add(&buf, NULL, 0), 0);
    assert_false(buf_failed(&buf));
    assert_int("one more", buf_add_byte(&buf, '!'), -EMSGSIZE);
    assert_true(buf_failed(&buf));
    assert_span("nothing was written", buf_span(&buf), "1234567890");
    buf_consume(&buf, 5);
    assert_int("the mark stays", buf_add_byte(&buf, '!'), -EMSGSIZE);
    buf_clear(&buf);
    assert_int("until it is cleared", buf_add_byte(&buf, '!'), 0);
    assert_int("formatted, too long", buf_printf(&buf, "%010d", 1), -EMSGSIZE);
    assert_span("not even a part", buf_span(&buf), "!");
    assert_null(buf_reserve(&buf, 1));
    buf_done(&buf);
    buf_done(&buf);
}

static void a_buffer_grows_reserves_and_hands_over(void **state)
{
    static const int64_t numbers[] = {0, 7, -7, INT64_MAX, INT64_MIN};
    struct buf buf = buf_make(1 << 20);

    (void)state;
    for (size_t i = 0; i < array_size(numbers); i++) {
        buf_add_int64(&buf, numbers[i]);
        buf_add_byte(&buf, ' ');
    }
    buf_printf(&buf, "%s", "x");
    assert_span("numbers", buf_span(&buf), "0 7 -7 9223372036854775807 -9223372036854775808 x");
    buf_consume(&buf, 2);
    buf_consume(&buf, 0);
    assert_true(span_starts(buf_span(&buf), "7 -7"));
    buf_clear(&buf);
    for (size_t size = 0; size < 1000; size++) {
        char *at = buf_reserve(&buf, size);
        assert_non_null(at);
        memset(at, 'x', size);
        buf_grew(&buf, size);
        assert_int("a NUL behind it", buf.at[buf.size], 0);
    }
    assert_int("all of it", buf.size, 999 * 1000 / 2);
    char *taken = buf_take(&buf);
    assert_int("taken", strlen(taken), 999 * 1000 / 2);
    mem_free(taken);
    taken = buf_take(&buf);
    assert_string_equal(taken, "");
    mem_free(taken);
    buf_done(&buf);
}

static void a_map_keeps_finds_and_forgets(void **state)
{
    enum { COUNT = 20000 };
    static int values[COUNT];
    static char keys[COUNT][8];
    struct map *map = map_new(0);

    (void)state;
    for (int i = 0; i < COUNT; i++) {
        memcpy(keys[i], &(uint64_t){(uint64_t)i * 0x9e3779b97f4a7c15u}, 8);
        assert_null(map_put(map, span_make(keys[i], 8), &values[i]));
    }
    assert_int("all", map_size(map), COUNT);
    assert_ptr_equal(map_put(map, span_make(keys[1], 8), &values[0]), &values[1]);
    assert_ptr_equal(map_put(map, span_make(keys[1], 8), &values[1]), &values[0]);
    /* Every third goes, in an order that differs from that of coming. */
    for (int i = COUNT - 1; i >= 0; i--) {
        if (i % 3 == 0)
            assert_ptr_equal(map_remove(map, span_make(keys[i], 8)), &values[i]);
    }
    assert_null(map_remove(map, span_make(keys[0], 8)));
    for (int i = 0; i < COUNT; i++)
        assert_ptr_equal(map_get(map, span_make(keys[i], 8)), i % 3 == 0 ? NULL : &values[i]);

    size_t cursor = 0, seen = 0;
    struct span key;
    void *value;
    while (map_next(map, &cursor, &key, &value)) {
        seen++;
        assert_ptr_equal(key.at, keys[(int *)value - values]);
    }
    assert_int("walked", seen, map_size(map));
    map_free(map);
    map_free(NULL);
}

static void keys_are_bytes_of_any_length(void **state)
{
    static int value;
    static const struct span keys[] = {{"", 0}, {"\0", 1}, {"\0\0", 2}, {"a", 1}, {"a\0", 2}};
    struct map *map = map_new(array_size(keys));

    (void)state;
    for (size_t i = 0; i < array_size(keys); i++) {
        assert_null(map_get(map, keys[i]));
        assert_null(map_put(map, keys[i], &value));
        assert_ptr_equal(map_get(map, keys[i]), &value);
    }
    assert_ptr_equal(map_get(map, span_make(NULL, 0)), &value);
    assert_null(map_get(map, span_of("b")));
    map_free(map);
}

static void a_list_keeps_its_order_and_forgives_a_second_removal(void **state)
{
    struct item {
        int number;
        struct list link;
    } items[4];
    struct list list;
    int wanted = 0;

    (void)state;
    list_init(&list);
    assert_true(list_empty(&list));
    for (int i = 0; i < 4; i++)
        items[i].number = i;
    list_push_back(&list, &items[1].link);
    list_push_back(&list, &items[3].link);
    list_push_front(&list, &items[0].link);
    list_insert_before(&items[3].link, &items[2].link);
    list_each(&list, it) assert_int("in order", list_item(it, struct item, link)->number, wanted++);
    list_remove(&items[2].link);
    list_remove(&items[2].link);
    list_each_safe(&list, it, after)
    {
        assert_true(list_item(it, struct item, link)->number != 2);
        list_remove(it);
    }
    assert_true(list_empty(&list));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_arena_gives_zeroed_aligned_memory_up_to_its_room),
        cmocka_unit_test(the_room_of_an_arena_can_be_taken_whole),
        cmocka_unit_test(a_wiped_arena_has_no_secrets_in_any_chunk),
        cmocka_unit_test(what_an_arena_keeps_is_no_room_and_can_be_taken),
        cmocka_unit_test(an_arena_copies_text_with_a_nul),
        cmocka_unit_test(a_buffer_stops_at_its_maximum_and_says_so),
        cmocka_unit_test(a_buffer_grows_reserves_and_hands_over),
        cmocka_unit_test(a_map_keeps_finds_and_forgets),
        cmocka_unit_test(keys_are_bytes_of_any_length),
        cmocka_unit_test(a_list_keeps_its_order_and_forgives_a_second_removal),
    };

    return run_test_table(tests);
}
