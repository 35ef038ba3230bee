/*
 * tollgatectl: steers a Tollgate through its API. What it can do stands in the table of commands.
 */
#include "tenants/ctl/ctl.h"

int main(int argc, char **argv)
{
    (void)argc;
    return ctl_main(argv);
}
