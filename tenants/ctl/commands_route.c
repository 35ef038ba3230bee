/*
 * commands_route: the rows of "route".
 */
#include "tenants/ctl/command.h"
#include "tenants/ctl/runs.h"

static const struct flag import_flags[] = {
    FLAG("from", "GATEWAY", "Whose configuration it is; found out without it.", FLAG_WORD, FLAG_OWN,
         .words = "portkey|litellm"),
    FLAG("name", "NAME",
         "The preset's name instead of the file's; of a LiteLLM file the one group to import.",
         FLAG_TEXT, FLAG_OWN),
    FLAG("map", "THEIRS=OURS",
         "A name of theirs (a virtual key, a provider, a model) and the provider or model of the "
         "catalog that it is.",
         FLAG_LIST, FLAG_OWN),
    FLAG("partial", NULL, "Import what can be carried over, although something is lost.",
         FLAG_SWITCH, FLAG_OWN),
    FLAG("dry-run", NULL, "Print the presets and write none.", FLAG_SWITCH, FLAG_OWN),
};

static const struct command rows[] = {
    {.words = "route", .about = "Routing: presets"},
    {
        .words = "route import",
        .arguments = "FILE",
        .about = "Make routing presets of a configuration of Portkey or LiteLLM",
        .text = "Reads a config of Portkey (JSON) as one preset, or the file of LiteLLM's proxy "
                "(YAML) as one preset for each model_name and alias. What is not carried over is "
                "told line by line: \"note\" for what nobody will miss, such as keys of providers, "
                "\"lost\" for what would change where requests go. When something is lost nothing "
                "is written, unless --partial says so. Values that may be secrets are never "
                "printed. - is standard input.",
        .examples = "tollgatectl route import fallback.json --dry-run\n"
                    "tollgatectl route import config.yaml --map azure/my-gpt4=openai/gpt-4.1\n"
                    "tollgatectl route import config.json --map openai-prod-258f4d=openai",
        FLAGS(import_flags),
        .shape = SHAPE_OWN,
        .run = run_route_import,
    },
};

const struct commands commands_route = {rows, array_size(rows)};
