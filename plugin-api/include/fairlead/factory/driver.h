/* SPDX-License-Identifier: Apache-2.0
 *
 * Channel drivers: polling and writing points of field devices (Modbus, PLCs, meters).
 *
 * One instance is one channel: a physical link (host and port, tty, endpoint) with its collectors
 * (a station on the link: unit id, PLC, BACnet device) and plans (a compiled set of points that
 * share an interval). All calls for one channel are [instance-serial].
 *
 * What may touch the network is asynchronous: the call returns at once and answers through
 * fl_driver_host.done exactly once per token, whatever happens (success, error, timeout, cancel,
 * close). A driver without a library of its own does its I/O through the host's streams and timers,
 * which call back instance-serially; one whose library has its own loop may ignore them and answer
 * from any thread.
 *
 * Configurations are JSON text, described by the JSON Schemas of the descriptor: the same schema
 * drives the form, the import template and the host's validation.
 */
#ifndef FAIRLEAD_FACTORY_DRIVER_H
#define FAIRLEAD_FACTORY_DRIVER_H

#include "fairlead/plugin.h"

#ifdef __cplusplus
extern "C" {
#endif

#define FL_FACTORY_DRIVER "fairlead.factory.driver/1"

#define FL_DRIVER_ADDRESS_BYTES_MAX 128 /* canonical address of a point */
#define FL_DRIVER_PLAN_POINTS_MAX 65536
#define FL_DRIVER_STREAMS_MAX 4 /* open at once, per channel */
#define FL_DRIVER_TIMERS 8      /* timer ids 0 to 7 per channel */

/* Quality of a value, grouped like OPC UA: 0x0000 good, 0x4000 uncertain, 0x8000 bad. */
enum {
    FL_QUALITY_GOOD = 0x0000,
    FL_QUALITY_UNCERTAIN_LAST = 0x4001,    /* kept value; the link is lost for a short time */
    FL_QUALITY_BAD_CONFIG = 0x8001,        /* address or type refused */
    FL_QUALITY_BAD_NOT_CONNECTED = 0x8002, /* no link */
    FL_QUALITY_BAD_TIMEOUT = 0x8003,       /* the station is silent */
    FL_QUALITY_BAD_DEVICE = 0x8004,        /* the station answered with an error; see detail */
    FL_QUALITY_BAD_PROTOCOL = 0x8005,      /* malformed or foreign answer */
    FL_QUALITY_BAD_DECODE = 0x8006,        /* for example invalid BCD */
    FL_QUALITY_BAD_DEMOTED = 0x8007,       /* the station is off scan */
    FL_QUALITY_BAD_DISABLED = 0x8008,
    FL_QUALITY_BAD_RANGE = 0x8009 /* outside the point's minimum and maximum */
};

/* One read or written value. FROZEN. */
typedef struct fl_point_value {
    uint32_t point;   /* position in the plan, or in the write list */
    uint32_t quality; /* FL_QUALITY_… */
    uint32_t detail;  /* the protocol's error code; 0 none */
    uint32_t reserved;
    fl_value value;
    int64_t time_ns; /* UTC: source time if the protocol has one, else receipt */
    fl_bytes raw;    /* wire bytes of the value, for diagnosis; may be empty */
} fl_point_value;

/* Outcome of an operation: FL_OK, or
 *   FL_DRIVER_PARTIAL  some values are bad, see their quality
 *   FL_E_FORBIDDEN     the device refused; nothing, or a known part, was done
 *   FL_E_TIMEOUT       sent, outcome unknown: never shown as success
 *   FL_E_CLOSED        not sent: link down, cancelled, demoted */
enum { FL_DRIVER_PARTIAL = 16 };

/* What an operation cost on the wire. */
typedef struct fl_driver_cost {
    uint32_t size;
    uint32_t requests;
    uint32_t retries;
    uint32_t reserved;
    uint64_t bytes_sent;
    uint64_t bytes_received;
    int64_t started_ns; /* UTC */
    int64_t finished_ns;
} fl_driver_cost;

/* Result of a token. */
typedef struct fl_driver_result {
    uint32_t size;
    fl_status status;
    const fl_point_value* values; /* write: one per item; else NULL */
    uint32_t value_count;
    uint32_t reserved;
    fl_str json; /* test, browse, discover: the answer */
    fl_str text; /* error for people; empty on success */
    fl_driver_cost cost;
} fl_driver_result;

enum { FL_LINK_DOWN = 0, FL_LINK_CONNECTING = 1, FL_LINK_UP = 2 };
enum { FL_STATION_UNKNOWN = 0, FL_STATION_OK = 1, FL_STATION_SUSPECT = 2, FL_STATION_DEMOTED = 3 };

/* What the host does for a channel. `ctx` belongs to one channel. */
typedef struct fl_driver_host {
    uint32_t size;
    uint32_t reserved;
    void* ctx;

    /* Values of a running plan, any number of times. The host copies. [any-thread] */
    void (*values)(void* ctx, void* plan, const fl_point_value* values, uint32_t count);
    /* End of an operation, exactly once per token. The host copies. [any-thread] */
    void (*done)(void* ctx, uint64_t token, const fl_driver_result* result);
    /* State of the link and of a station; `reason` is for people. [any-thread] */
    void (*link)(void* ctx, uint32_t state, fl_str reason);
    void (*station)(void* ctx, void* collector, uint32_t state, fl_str reason);
    /* A frame for the capture; costs nothing when none runs. [any-thread] */
    void (*trace)(void* ctx, uint32_t outgoing, fl_bytes frame);

    /* Runs on_task(arg) of this channel, instance-serially. FL_E_LIMIT, FL_E_CLOSED. [any-thread]
     */
    fl_status (*post)(void* ctx, uint64_t arg);
    /* One-shot timer `id`, replacing its predecessor; 0 ms cancels. on_timer follows.
     * [instance-serial] */
    void (*set_timer)(void* ctx, uint32_t id, uint64_t milliseconds);

    /* Opens a stream of the host: TCP, TLS or serial, as `config` (JSON) says. on_stream_opened
     * follows, for a returned id. 0: refused (limit, bad config). Reconnecting is the driver's
     * decision. [instance-serial] */
    uint64_t (*stream_open)(void* ctx, fl_str config, fl_err* err);
    /* Appends to the output. FL_E_LIMIT, FL_E_CLOSED. [instance-serial] */
    fl_status (*stream_send)(void* ctx, uint64_t stream, fl_bytes bytes);
    /* No callback for this stream follows. [instance-serial] */
    void (*stream_close)(void* ctx, uint64_t stream);
} fl_driver_host;

/* What a point is, after the driver read its configuration. */
typedef struct fl_point_info {
    uint32_t size;
    uint32_t kind;   /* FL_VALUE_… it delivers */
    uint32_t access; /* bits: 1 read, 2 write */
    uint32_t wire_bytes;
    uint32_t address_bytes; /* of the two texts below */
    uint32_t shown_bytes;
    char address[FL_DRIVER_ADDRESS_BYTES_MAX]; /* canonical: equal text, same object */
    char shown[FL_DRIVER_ADDRESS_BYTES_MAX];   /* in the user's style, "400101.3" */
} fl_point_info;

/* What plan_build made of its points. */
typedef struct fl_plan_info {
    uint32_t size;
    uint32_t requests; /* on the wire, per run */
    uint32_t items;    /* objects read, with the fillers between merged ones */
    uint32_t filler;
    uint64_t estimate_us; /* time of one run */
} fl_plan_info;

typedef struct fl_write_options {
    uint32_t size;
    uint32_t timeout_ms;
    uint32_t verify; /* 0 protocol echo only, 1 read back and compare */
    uint32_t verify_delay_ms;
    uint32_t select_first; /* 1: select before operate, where the protocol has it */
    uint32_t priority;     /* BACnet 1 to 16; 0 none */
} fl_write_options;

/* One channel. */
typedef struct fl_driver {
    uint32_t size;
    uint32_t flags;
    void* self;

    /* The channel is closed; nothing is outstanding. [control] */
    void (*destroy)(void* self);
    /* Cancels everything, closes the link, then done(token). [instance-serial] */
    void (*close)(void* self, uint64_t token);

    /* [instance-serial] */
    fl_status (*collector_add)(void* self, fl_str config, void** collector, fl_err* err);
    /* Its plans are freed before. [instance-serial] */
    void (*collector_remove)(void* self, void* collector);

    /* Compiles points into requests: merging, ordering, splitting. `points` are JSON texts. A bad
     * point sets bad[i] to 1 and yields BAD_CONFIG values. [instance-serial] */
    fl_status (*plan_build)(void* self, void* collector, const fl_str* points, uint32_t count,
                            uint32_t interval_ms, void** plan, fl_plan_info* info, uint8_t* bad,
                            fl_err* err);
    void (*plan_free)(void* self, void* plan);
    /* Polls once: values()… then done(token). [instance-serial] */
    void (*plan_run)(void* self, void* plan, uint64_t token);
    /* Push protocols: values() until plan_stop. [instance-serial] */
    fl_status (*plan_start)(void* self, void* plan, fl_err* err);
    void (*plan_stop)(void* self, void* plan);

    /* values[i].point is a position in `points`. All or nothing is not promised: the result has one
     * value per item. [instance-serial] */
    void (*write)(void* self, void* collector, const fl_str* points, const fl_point_value* values,
                  uint32_t count, const fl_write_options* options, uint64_t token);
    /* {"op":"read","point":{…}}, {"op":"raw","pdu":"0300000001"}, {"op":"ping"} or the driver's
     * own; the answer is JSON. [instance-serial] */
    void (*test)(void* self, void* collector, fl_str json, uint64_t token);
    /* Children of `node` (empty: the root), at most `max`, from `cursor` on. [instance-serial] */
    void (*browse)(void* self, void* collector, fl_str node, fl_str cursor, uint32_t max,
                   uint64_t token);
    /* Stations on the link: unit scan, Who-Is, endpoints. [instance-serial] */
    void (*discover)(void* self, fl_str json, uint64_t token);
    /* Ends the operation early; its done still comes. [instance-serial] */
    void (*cancel)(void* self, uint64_t token);

    /* Callbacks of host->post, set_timer and the streams. [instance-serial] */
    void (*on_task)(void* self, uint64_t arg);
    void (*on_timer)(void* self, uint32_t id);
    void (*on_stream_opened)(void* self, uint64_t stream, fl_status status, fl_str text);
    void (*on_stream_data)(void* self, uint64_t stream, fl_bytes bytes);
    void (*on_stream_closed)(void* self, uint64_t stream, fl_status status, fl_str text);

    /* Instance extension by id, or NULL. [any-thread] */
    const void* (*get_extension)(void* self, const char* id);
} fl_driver;

/* fl_driver_descriptor.capabilities, bits */
enum {
    FL_DRIVER_POLL = 1,
    FL_DRIVER_PUSH = 2, /* subscriptions, spontaneous data */
    FL_DRIVER_WRITE = 4,
    FL_DRIVER_BROWSE = 8,
    FL_DRIVER_DISCOVER = 16,
    FL_DRIVER_TEST = 32,
    FL_DRIVER_LISTEN = 64 /* the device dials in */
};

typedef struct fl_driver_descriptor {
    uint32_t size;
    uint32_t capabilities;
    fl_str id;             /* "modbus-tcp" */
    fl_str name;           /* JSON texts by locale */
    fl_str description;    /* JSON texts by locale */
    fl_str channel_schema; /* JSON Schemas with titles, defaults and hints */
    fl_str collector_schema;
    fl_str point_schema;
} fl_driver_descriptor;

typedef struct fl_driver_factory {
    uint32_t size;
    uint32_t (*count)(void);                                 /* [any-thread] */
    const fl_driver_descriptor* (*describe)(uint32_t index); /* [any-thread] */
    /* Opens a channel; `io` is valid until destroy. Does not wait for the link. [control] */
    fl_status (*create)(const fl_host* host, const fl_driver_host* io, fl_str id, fl_str config,
                        fl_driver* out, fl_err* err);
    /* Pure and fast, no I/O: used by forms, by the import, and before a plan is built.
     * [any-thread] */
    fl_status (*point_check)(fl_str id, fl_str collector_config, fl_str point_config,
                             fl_point_info* out, fl_err* err);
} fl_driver_factory;

#ifdef __cplusplus
}
#endif
#endif
