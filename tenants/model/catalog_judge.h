/*
 * catalog_judge: which prices look too odd to sell by, until a person has looked.
 *
 * Part of catalog_finish(). Pure; deploy/catalog/make.py states the same rules a second time, and
 * the tests hold the two against each other.
 */
#ifndef TOLLGATE_TENANTS_MODEL_CATALOG_JUDGE_H
#define TOLLGATE_TENANTS_MODEL_CATALOG_JUDGE_H

#include "tenants/model/catalog.h"

/* Hosts of one model may differ by this much and no more. */
#define CATALOG_SPREAD 3

/* Adds reasons, and a detail where there is none yet, to the deployments of one model. */
void catalog_judge(struct catalog_model *model, struct arena *arena);

#endif
