#include "tests/support/testing.h"

#include <poll.h>
#include <signal.h>

#include "common/base/mem.h"
#include "common/base/thread.h"

enum { SENDERS = 4, LETTERS = 20000 };

struct message {
    struct letter letter;
    int sender, number;
};

struct sender {
    pthread_t thread;
    struct mailbox *mailbox;
    int index;
};

static bool is_readable(const struct mailbox *mailbox)
{
    struct pollfd it = {.fd = mailbox_fd(mailbox), .events = POLLIN};

    return poll(&it, 1, 0) == 1;
}

static void *send_all(void *argument)
{
    struct sender *sender = argument;

    for (int i = 0; i < LETTERS; i++) {
        struct message *message = mem_new(sizeof(*message));
        message->sender = sender->index;
        message->number = i;
        mailbox_send(sender->mailbox, &message->letter);
    }
    return NULL;
}

static void every_letter_arrives_once_and_in_its_senders_order(void **state)
{
    struct mailbox *mailbox = mailbox_new();
    struct sender senders[SENDERS];
    int next[SENDERS] = {0};
    struct pollfd it = {.fd = mailbox_fd(mailbox), .events = POLLIN};

    (void)state;
    for (int i = 0; i < SENDERS; i++) {
        senders[i] = (struct sender){.mailbox = mailbox, .index = i};
        thread_start(&senders[i].thread, "a sender with a long name", send_all, &senders[i]);
    }
    for (int left = SENDERS * LETTERS; left > 0;) {
        assert_int("it wakes us", poll(&it, 1, 10000), 1);
        struct letter *letter;
        while ((letter = mailbox_take(mailbox)) != NULL) {
            struct message *message = container_of(letter, struct message, letter);
            assert_int("in order", message->number, next[message->sender]);
            next[message->sender]++;
            mem_free(message);
            left--;
        }
    }
    for (int i = 0; i < SENDERS; i++)
        assert_int("joined", pthread_join(senders[i].thread, NULL), 0);
    assert_null(mailbox_take(mailbox));
    assert_false(is_readable(mailbox));
    mailbox_free(mailbox);
    mailbox_free(NULL);
}

static void the_descriptor_is_readable_while_letters_wait(void **state)
{
    struct mailbox *mailbox = mailbox_new();
    struct message a, b;

    (void)state;
    assert_false(is_readable(mailbox));
    mailbox_send(mailbox, &a.letter);
    mailbox_send(mailbox, &b.letter);
    assert_true(is_readable(mailbox));
    assert_ptr_equal(mailbox_take(mailbox), &a.letter);
    assert_true(is_readable(mailbox));
    assert_ptr_equal(mailbox_take(mailbox), &b.letter);
    assert_false(is_readable(mailbox));
    mailbox_send(mailbox, &a.letter);
    assert_true(is_readable(mailbox));
    assert_ptr_equal(mailbox_take(mailbox), &a.letter);
    mailbox_free(mailbox);
}

static void *look_at_signals(void *argument)
{
    must(pthread_sigmask(SIG_SETMASK, NULL, argument) == 0);
    return NULL;
}

static void a_thread_starts_with_all_signals_blocked(void **state)
{
    sigset_t theirs, before, after;
    pthread_t thread;

    (void)state;
    assert_int("ours", pthread_sigmask(SIG_SETMASK, NULL, &before), 0);
    thread_start(&thread, "signals", look_at_signals, &theirs);
    assert_int("joined", pthread_join(thread, NULL), 0);
    assert_true(sigismember(&theirs, SIGTERM) == 1 && sigismember(&theirs, SIGHUP) == 1);
    assert_int("ours", pthread_sigmask(SIG_SETMASK, NULL, &after), 0);
    assert_int("are as before", sigismember(&after, SIGTERM), sigismember(&before, SIGTERM));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_letter_arrives_once_and_in_its_senders_order),
        cmocka_unit_test(the_descriptor_is_readable_while_letters_wait),
        cmocka_unit_test(a_thread_starts_with_all_signals_blocked),
    };

    return run_test_table(tests);
}
