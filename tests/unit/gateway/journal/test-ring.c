/* ring: entries come out whole and in order, whatever the sizes, across its end and between
 * threads. */
#include "gateway/journal/ring.h"

#include <pthread.h>
#include <sched.h>

#include "tests/support/testing.h"

enum { RING = 4096, ROUNDS = 200000 };

static size_t size_of(uint64_t n)
{
    return 1 + (n * 2654435761u) % 700;
}

static void *produce(void *argument)
{
    struct ring *ring = argument;

    for (uint64_t n = 0; n < ROUNDS;) {
        char *at = ring_claim(ring, n * 3, n, size_of(n));

        if (at == NULL) {
            sched_yield();
            continue;
        }
        memset(at, (int)(n & 0xff), size_of(n));
        ring_commit(ring);
        n++;
    }
    return NULL;
}

static void two_threads_agree_on_every_entry(void **state)
{
    struct ring *ring = ring_new(RING);
    pthread_t producer;

    (void)state;
    assert_int_equal(pthread_create(&producer, NULL, produce, ring), 0);
    for (uint64_t n = 0; n < ROUNDS;) {
        struct ring_entry entries[7];
        size_t count = ring_peek(ring, entries, 7);

        for (size_t i = 0; i < count; i++, n++) {
            assert_int("sequence", entries[i].sequence, n);
            assert_int("position", entries[i].position, n * 3);
            assert_int("size", entries[i].bytes.size, size_of(n));
            assert_int("first byte", (uint8_t)entries[i].bytes.at[0], n & 0xff);
            assert_int("last byte", (uint8_t)entries[i].bytes.at[size_of(n) - 1], n & 0xff);
        }
        ring_release(ring, count);
        if (count == 0) {
            sched_yield();
        }
    }
    pthread_join(producer, NULL);
    ring_free(ring);
}

static void a_full_ring_says_so_and_takes_again(void **state)
{
    struct ring *ring = ring_new(RING);
    struct ring_entry entries[64];
    size_t put = 0;

    (void)state;
    while (ring_claim(ring, 0, put, 200) != NULL) {
        ring_commit(ring);
        put++;
    }
    in_row("most of it was usable", put >= RING / 224 - 1);
    assert_int("all are there", ring_peek(ring, entries, 64), put);
    assert_null(ring_claim(ring, 0, 0, 200));
    ring_release(ring, 1);
    assert_non_null(ring_claim(ring, 0, put, 200));
    ring_free(ring);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_threads_agree_on_every_entry),
        cmocka_unit_test(a_full_ring_says_so_and_takes_again),
    };

    return run_test_table(tests);
}
