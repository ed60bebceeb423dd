/* SPDX-License-Identifier: Apache-2.0
 *
 * Media providers: a streaming server (ZLMediaKit, SRS, the embedded one) behind one face.
 *
 * One instance is one configured server. Every call with a token is asynchronous: it returns at
 * once and answers through fl_media_host.done exactly once, before its deadline. Streams are named
 * by a key of the host; opening a key that is open answers with the stream that is there. A
 * provider never closes streams that it did not open: a server may be shared. Secrets never appear
 * in logs, events or lists.
 *
 * Hot swap: running streams stay on their server; the new generation learns them through `list`.
 * Those of an embedded server end and are opened again by the host.
 */
#ifndef FAIRLEAD_FACTORY_MEDIA_H
#define FAIRLEAD_FACTORY_MEDIA_H

#include "fairlead/plugin.h"

#ifdef __cplusplus
extern "C" {
#endif

#define FL_FACTORY_MEDIA "fairlead.factory.media/1"

#define FL_MEDIA_KEY_BYTES_MAX 128
#define FL_MEDIA_BODY_BYTES_MAX (4u << 20) /* HTTP answers, webhooks and snapshots */
#define FL_MEDIA_DEADLINE_MS_MAX 60000

/* Why an operation failed, beside the general codes of abi.h (FL_E_UNAUTHORIZED: the server refused
 * our secret; FL_E_TIMEOUT; FL_E_NOT_FOUND; FL_E_UNSUPPORTED). */
enum {
    FL_E_MEDIA_UNREACHABLE = -64,        /* the server does not answer */
    FL_E_MEDIA_CAPACITY = -65,           /* the server is full; another one may not be */
    FL_E_MEDIA_SOURCE_UNREACHABLE = -66, /* the camera does not answer: no other server helps */
    FL_E_MEDIA_SOURCE_UNAUTHORIZED = -67 /* the camera refused its user and password */
};

/* fl_media_descriptor.capabilities, bits */
enum {
    FL_MEDIA_PULL_RTSP = 1 << 0,
    FL_MEDIA_PULL_RTMP = 1 << 1,
    FL_MEDIA_PULL_HTTP = 1 << 2,
    FL_MEDIA_RTP_UDP = 1 << 3,
    FL_MEDIA_RTP_TCP_PASSIVE = 1 << 4,
    FL_MEDIA_RTP_TCP_ACTIVE = 1 << 5,
    FL_MEDIA_SEND_RTP = 1 << 6,
    FL_MEDIA_OUT_FLV = 1 << 7,
    FL_MEDIA_OUT_WS_FLV = 1 << 8,
    FL_MEDIA_OUT_HLS = 1 << 9,
    FL_MEDIA_OUT_FMP4 = 1 << 10,
    FL_MEDIA_OUT_RTSP = 1 << 11,
    FL_MEDIA_OUT_RTMP = 1 << 12,
    FL_MEDIA_OUT_WHEP = 1 << 13,
    FL_MEDIA_SNAPSHOT = 1 << 14,
    FL_MEDIA_RECORD = 1 << 15,
    FL_MEDIA_PLAYBACK = 1 << 16,
    FL_MEDIA_WEBHOOK = 1 << 17,
    FL_MEDIA_METRICS = 1 << 18,
    FL_MEDIA_EMBEDDED = 1 << 19 /* needs no other server */
};

/* Kinds of an event. */
enum {
    FL_MEDIA_STREAM_UP = 1,
    FL_MEDIA_STREAM_DOWN = 2,
    FL_MEDIA_NO_READER = 3, /* nobody watches; the host decides whether to close */
    FL_MEDIA_NOT_FOUND = 4, /* a viewer asks for a stream that is not there */
    FL_MEDIA_RECORD_DONE = 5,
    FL_MEDIA_SERVER_UP = 6,
    FL_MEDIA_SERVER_DOWN = 7
};

/* Result of a token. */
typedef struct fl_media_result {
    uint32_t size;
    fl_status status;
    fl_str json;   /* the answer, as each call below says */
    fl_bytes body; /* snapshot: JPEG */
    fl_str text;   /* error for people; empty on success */
} fl_media_result;

/* Answer of a host HTTP request, or a webhook's request. */
typedef struct fl_media_http {
    uint32_t size;
    int32_t status; /* HTTP status; 0 in requests */
    fl_str method;
    fl_str url; /* webhook: path with query */
    const fl_attribute* headers;
    uint32_t header_count;
    uint32_t reserved;
    fl_bytes body;
} fl_media_http;

typedef struct fl_media_host {
    uint32_t size;
    uint32_t reserved;
    void* ctx;
    /* End of an operation, exactly once per token. The host copies. [any-thread] */
    void (*done)(void* ctx, uint64_t token, const fl_media_result* result);
    /* Something happened to the stream `key` (empty: to the server); `detail` is a JSON object.
     * [any-thread] */
    void (*event)(void* ctx, uint32_t kind, fl_str key, fl_str detail);
    /* HTTP request of the provider's server, with the host's client, limits and TLS trust. on_http
     * follows with `id`. FL_E_LIMIT. [any-thread] */
    fl_status (*http)(void* ctx, const fl_media_http* request, uint64_t deadline_ms, uint64_t id);
    /* on_timer(id) after that time, replacing its predecessor; 0 cancels; ids 0 to 7.
     * [any-thread] */
    void (*set_timer)(void* ctx, uint32_t id, uint64_t milliseconds);
} fl_media_host;

/* A source to pull. */
typedef struct fl_media_pull {
    uint32_t size;
    uint32_t flags; /* 1: with audio; 2: RTSP over TCP only */
    fl_str key;
    fl_str url; /* without user and password */
    fl_str user;
    fl_str password;
} fl_media_pull;

/* An RTP input, for GB/T 28181. */
typedef struct fl_media_rtp {
    uint32_t size;
    uint32_t mode; /* 0 UDP, 1 TCP passive, 2 TCP active */
    fl_str key;
    uint32_t ssrc;     /* 0: any */
    uint32_t port;     /* 0: the server chooses */
    fl_str connect_to; /* active: "192.0.2.1:30000" */
} fl_media_rtp;

/* One server. All calls [instance-serial]; asynchronous ones take a deadline in milliseconds. */
typedef struct fl_media {
    uint32_t size;
    uint32_t flags;
    void* self;

    /* Nothing is outstanding. [control] */
    void (*destroy)(void* self);
    /* Is it there, and does it take our secret? {"state","version","latencyMs","ports":{…}} */
    void (*probe)(void* self, uint64_t deadline_ms, uint64_t token);
    /* Starts pulling; done when the stream has video or has failed. {"key","codecs":[…]} */
    void (*open_pull)(void* self, const fl_media_pull* pull, uint64_t deadline_ms, uint64_t token);
    /* Opens an RTP port. {"key","ip","port"} */
    void (*open_rtp)(void* self, const fl_media_rtp* rtp, uint64_t deadline_ms, uint64_t token);
    /* Changes ssrc or peer of an open RTP input. */
    void (*update_rtp)(void* self, const fl_media_rtp* rtp, uint64_t deadline_ms, uint64_t token);
    /* Addresses for a viewer: [{"protocol","url"}]. `viewer` is {"host","tls","token"}. */
    void (*urls)(void* self, fl_str key, fl_str viewer, uint64_t deadline_ms, uint64_t token);
    void (*close)(void* self, fl_str key, uint64_t deadline_ms, uint64_t token);
    /* Streams whose key begins with `prefix`:
     * [{"key","state","readers","kilobitsPerSecond","codecs","since"}] */
    void (*list)(void* self, fl_str prefix, uint64_t deadline_ms, uint64_t token);
    /* JPEG in result.body. */
    void (*snapshot)(void* self, fl_str key, uint64_t deadline_ms, uint64_t token);
    /* {"op":"start|stop|list","key",…} */
    void (*record)(void* self, fl_str json, uint64_t deadline_ms, uint64_t token);
    /* {"streams","readers","inKbps","outKbps","load","rtpPortsUsed","rtpPortsTotal","capacity"} */
    void (*metrics)(void* self, uint64_t deadline_ms, uint64_t token);

    /* A webhook of the server; the host owns the listener and has checked the token. done(token)
     * carries the answer's status in `status` (HTTP) of {"status":200} and its body. */
    void (*on_webhook)(void* self, const fl_media_http* request, uint64_t token);
    void (*on_http)(void* self, uint64_t id, fl_status status, const fl_media_http* answer);
    void (*on_timer)(void* self, uint32_t id);

    /* Instance extension by id, or NULL. [any-thread] */
    const void* (*get_extension)(void* self, const char* id);
} fl_media;

typedef struct fl_media_descriptor {
    uint32_t size;
    uint32_t reserved;
    uint64_t capabilities;
    fl_str id;          /* "zlmediakit" */
    fl_str name;        /* JSON texts by locale */
    fl_str description; /* JSON texts by locale */
    fl_str schema;      /* JSON Schema of a server's configuration */
} fl_media_descriptor;

typedef struct fl_media_factory {
    uint32_t size;
    uint32_t (*count)(void);                                /* [any-thread] */
    const fl_media_descriptor* (*describe)(uint32_t index); /* [any-thread] */
    /* `io` is valid until destroy. Does not contact the server. [control] */
    fl_status (*create)(const fl_host* host, const fl_media_host* io, fl_str id, fl_str config,
                        fl_media* out, fl_err* err);
} fl_media_factory;

#ifdef __cplusplus
}
#endif
#endif
