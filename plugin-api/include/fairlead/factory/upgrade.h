/* SPDX-License-Identifier: Apache-2.0
 *
 * Upgrade strategies: in which order, how fast and under which conditions a rollout goes through
 * its devices.
 *
 * A strategy is a pure function of what it is given: the host keeps the rollout, its devices and
 * the strategy's own small state in the database, calls `plan` and `decide` again after a restart
 * with the same input, and carries the decisions out. A strategy does no I/O and keeps nothing
 * between calls, so that a new generation takes over between two of them.
 *
 * Words (reference: rollout states of the server): a rollout runs through groups; each group holds
 * devices; each device has one upgrade with one component per module.
 */
#ifndef FAIRLEAD_FACTORY_UPGRADE_H
#define FAIRLEAD_FACTORY_UPGRADE_H

#include "fairlead/plugin.h"

#ifdef __cplusplus
extern "C" {
#endif

#define FL_FACTORY_UPGRADE "fairlead.factory.upgrade/1"

#define FL_UPGRADE_GROUPS_MAX 100
#define FL_UPGRADE_STATE_BYTES_MAX 65536
#define FL_UPGRADE_BATCH_MAX 1000 /* devices of one decide call */

/* State of a device in a rollout. The numbers are stored. */
enum {
    FL_UPGRADE_SCHEDULED = 1, /* its group has not started */
    FL_UPGRADE_WAIT_CONFIRM = 2,
    FL_UPGRADE_QUEUED = 3,
    FL_UPGRADE_STOPPED = 4,
    FL_UPGRADE_NOTIFIED = 5,
    FL_UPGRADE_IN_PROGRESS = 6,
    FL_UPGRADE_CANCELING = 7,
    FL_UPGRADE_SUCCEEDED = 8,
    FL_UPGRADE_FAILED = 9,
    FL_UPGRADE_CANCELED = 10,
    FL_UPGRADE_REJECTED = 11
};

/* Counters of a rollout or of one group. */
typedef struct fl_upgrade_counts {
    uint32_t size;
    uint32_t reserved;
    uint64_t total;
    uint64_t waiting; /* scheduled, waiting for confirmation, queued, stopped */
    uint64_t running; /* notified, in progress, canceling */
    uint64_t succeeded;
    uint64_t failed;
    uint64_t canceled; /* with rejected */
} fl_upgrade_counts;

typedef struct fl_upgrade_group {
    uint32_t size;
    uint32_t index;
    uint32_t started; /* 1 once a decision started it */
    uint32_t reserved;
    int64_t started_ms; /* UTC; 0 not started */
    fl_upgrade_counts counts;
} fl_upgrade_group;

/* The rollout as it is. */
typedef struct fl_upgrade_view {
    uint32_t size;
    uint32_t group_count;
    fl_str rollout_id;
    int64_t now_ms; /* UTC */
    int64_t started_ms;
    int64_t ends_ms; /* 0: no end */
    fl_upgrade_counts counts;
    const fl_upgrade_group* groups; /* none before plan */
    fl_bytes state;                 /* what the strategy stored last; empty at first */
} fl_upgrade_view;

/* A device that finished or changed, for decide. FROZEN. */
typedef struct fl_upgrade_change {
    fl_str device_id;
    uint32_t group;
    uint32_t state; /* FL_UPGRADE_… */
    uint32_t attempt;
    int32_t error; /* the device's code; 0 none */
    int64_t time_ms;
} fl_upgrade_change;

/* Where decisions go. Valid for the call. */
typedef struct fl_upgrade_sink {
    uint32_t size;
    uint32_t reserved;
    void* ctx;
    /* plan: the next group takes `permille` of all devices (the last one takes the rest). */
    fl_status (*group)(void* ctx, uint32_t permille, fl_str name);
    /* Lets a group's devices go, at most `per_minute` of them a minute (0: the rollout's rate). */
    fl_status (*start_group)(void* ctx, uint32_t group, uint32_t per_minute);
    /* Retries a failed device after that time. Refused beyond the rollout's own retry limit. */
    fl_status (*retry)(void* ctx, fl_str device_id, uint64_t delay_ms);
    /* Stops telling waiting devices; an operator resumes. `reason` is for people. */
    fl_status (*pause)(void* ctx, fl_str reason);
    /* Ends the rollout: waiting devices fail with that reason, running ones finish. */
    fl_status (*abort)(void* ctx, fl_str reason);
    /* Calls decide again at this time (UTC) at the latest, also without a change. */
    fl_status (*wake_at)(void* ctx, int64_t time_ms);
    /* Replaces the strategy's state; at most FL_UPGRADE_STATE_BYTES_MAX. */
    fl_status (*set_state)(void* ctx, fl_bytes state);
} fl_upgrade_sink;

typedef struct fl_upgrade {
    uint32_t size;
    uint32_t flags;
    void* self;
    void (*destroy)(void* self); /* [control] */
    /* Divides the devices into groups; called once, when the rollout is activated. Needs 1 to
     * FL_UPGRADE_GROUPS_MAX groups. [control, instance-serial] */
    fl_status (*plan)(void* self, const fl_upgrade_view* view, const fl_upgrade_sink* sink,
                      fl_err* err);
    /* After changes (at most FL_UPGRADE_BATCH_MAX at once, a device may come again after a restart)
     * and when a wake time came. An error pauses the rollout with its text.
     * [control, instance-serial] */
    fl_status (*decide)(void* self, const fl_upgrade_view* view, const fl_upgrade_change* changes,
                        uint32_t change_count, const fl_upgrade_sink* sink, fl_err* err);
    /* Instance extension by id, or NULL. [any-thread] */
    const void* (*get_extension)(void* self, const char* id);
} fl_upgrade;

typedef struct fl_upgrade_descriptor {
    uint32_t size;
    uint32_t reserved;
    fl_str id;          /* "phased" */
    fl_str name;        /* JSON texts by locale */
    fl_str description; /* JSON texts by locale */
    fl_str schema;      /* JSON Schema of a rollout's settings for this strategy */
} fl_upgrade_descriptor;

typedef struct fl_upgrade_factory {
    uint32_t size;
    uint32_t (*count)(void);                                  /* [any-thread] */
    const fl_upgrade_descriptor* (*describe)(uint32_t index); /* [any-thread] */
    /* `config` is the rollout's JSON configuration. [control] */
    fl_status (*create)(const fl_host* host, fl_str id, fl_str config, fl_upgrade* out,
                        fl_err* err);
} fl_upgrade_factory;

#ifdef __cplusplus
}
#endif
#endif
