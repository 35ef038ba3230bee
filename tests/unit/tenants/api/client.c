/*
 * client: see client.h.
 */
#include "tests/unit/tenants/api/client.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <unistd.h>

#include "common/base/file.h"
#include "common/base/mem.h"
#include "tests/support/testing.h"

int client_send(uint16_t port, const char *method, const char *path, const char *headers,
                const char *body)
{
    struct sockaddr_in to = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    size_t size = strlen(body);
    char length[64] = "", type[] = "content-type: application/json\r\n";

    assert_int("connected", connect(fd, (struct sockaddr *)&to, sizeof(to)), 0);
    if (size > 0)
        snprintf(length, sizeof(length), "content-length: %zu\r\n", size);
    char *text = mem_printf(
        "%s %s HTTP/1.1\r\nhost: x\r\nconnection: close\r\n%s%s%s\r\n%s", method, path, headers,
        size > 0 && strstr(headers, "content-type") == NULL ? type : "", length, body);
    assert_int("sent", file_write_all(fd, text, strlen(text)), 0);
    mem_free(text);
    return fd;
}

struct answer *client_receive(int fd)
{
    struct answer *answer = mem_new(sizeof(*answer));
    size_t size = 0;
    ssize_t got;

    while ((got = read(fd, answer->text + size, ANSWER_MAX - 1 - size)) > 0)
        size += (size_t)got;
    close(fd);
    char *end = strstr(answer->text, "\r\n\r\n");
    assert_non_null(end);
    end[2] = '\0';
    answer->head = answer->text;
    answer->body = end + 4;
    answer->status = atoi(answer->text + strlen("HTTP/1.1 "));
    return answer;
}
