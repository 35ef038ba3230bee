/*
 * fuzz-replay: runs a fuzz target as an ordinary test, without libFuzzer.
 *
 * Feeds it every file of the directories (or files) named on the command line; of small files also
 * every prefix and every byte with one bit turned, so that a plain run of the tests meets broken
 * input too. Prints how many inputs there were; none at all is a failure.
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define FILE_MAX_BYTES (8u << 20)
#define SMALL_BYTES 2048u /* a file up to here is also cut and damaged */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t files, inputs;

/* A copy of exactly the size, so that the sanitizers see a read past the end. */
static void feed(const uint8_t *data, size_t size)
{
    uint8_t *copy = malloc(size == 0 ? 1 : size);

    if (copy == NULL)
        abort();
    if (size > 0)
        memcpy(copy, data, size);
    (void)LLVMFuzzerTestOneInput(copy, size);
    free(copy);
    inputs++;
}

static void feed_damaged(uint8_t *data, size_t size)
{
    for (size_t cut = 0; cut < size; cut++)
        feed(data, cut);
    for (size_t i = 0; i < size; i++) {
        uint8_t bit = (uint8_t)(1u << (i % 8));
        data[i] ^= bit;
        feed(data, size);
        data[i] ^= bit;
    }
}

static void run_file(const char *path)
{
    FILE *file = fopen(path, "rb");
    uint8_t *data = malloc(FILE_MAX_BYTES);

    if (file == NULL || data == NULL) {
        fprintf(stderr, "cannot read %s\n", path);
        exit(1);
    }
    size_t size = fread(data, 1, FILE_MAX_BYTES, file);
    fclose(file);
    feed(data, size);
    if (size <= SMALL_BYTES)
        feed_damaged(data, size);
    free(data);
    files++;
}

static void run_path(const char *path)
{
    struct stat about;
    struct dirent **entries;

    if (stat(path, &about) < 0 || !S_ISDIR(about.st_mode)) {
        run_file(path);
        return;
    }
    int count = scandir(path, &entries, NULL, alphasort);
    for (int i = 0; i < count; i++) {
        char name[4096];
        snprintf(name, sizeof(name), "%s/%s", path, entries[i]->d_name);
        if (entries[i]->d_name[0] != '.')
            run_file(name);
        free(entries[i]);
    }
    if (count >= 0)
        free(entries);
}

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++)
        run_path(argv[i]);
    printf("%zu files, %zu inputs\n", files, inputs);
    return files == 0 ? 1 : 0;
}
