// SPDX-License-Identifier: Apache-2.0
// The shapes of the REST API that the pages use. Times are RFC 3339 UTC strings.

export type Texts = Record<string, string>;

export interface Action {
    action: string;
    allowed: boolean;
    reasonCode?: string;
    reason?: string;
}

export interface Entity {
    id: string;
    name: string;
    description?: string;
    createdAt?: string;
    updatedAt?: string;
    version?: number;
    actions?: Action[];
}

export interface Page<T> {
    items: T[];
    page: number;
    pageSize: number;
    total: number;
    totalIsCapped?: boolean;
}

export interface Cursor<T> {
    items: T[];
    next: string | null;
}

export interface Reference {
    kind: string;
    id: string;
    name: string;
}

export interface FieldError {
    field: string;
    code: string;
    message: string;
    params?: Record<string, unknown>;
}

export interface User extends Omit<Entity, 'name'> {
    username: string;
    displayName: string;
    email: string | null;
    roles: string[];
    enabled: boolean;
    lastLoginAt: string | null;
    mustChangePassword: boolean;
}

export interface SignedIn {
    id: string;
    username: string;
    displayName: string;
    roles: string[];
    permissions: string[];
}

export interface LoginReply {
    token: string;
    csrfToken: string;
    expiresAt: string;
    user: SignedIn;
    mustChangePassword: boolean;
}

export interface MeReply {
    user: SignedIn;
    csrfToken: string;
    mustChangePassword: boolean;
}

export interface Role {
    id: string;
    name: Texts;
    permissions: string[];
}

export interface ApiToken extends Entity {
    roles: string[];
    expiresAt: string | null;
    lastUsedAt: string | null;
    prefix: string;
    userId: string;
    username: string;
    token?: string;
}

export interface Counters {
    messagesPerSecond: number;
    devicesTotal: number;
    devicesOnline: number;
    gatewaysFailed: number;
    pluginsFailed: number;
    connections?: number;
    messagesToday?: number;
}

export interface SystemInfo {
    version: string;
    startedAt: string;
    uptimeSeconds: number;
    nodeId: string;
    database: { driver: string; version: string };
    journal: { bytes: number; lagMessages: number; lagSeconds: number };
    process: { cpuPercent: number; residentBytes: number; openFiles: number };
    disk: { freeBytes: number; totalBytes: number };
    counters: Counters;
}

export interface TrafficPoint {
    time: string;
    uplinkPerSecond: number;
    downlinkPerSecond: number;
}

export interface Dashboard {
    counters: Counters & { connections: number; messagesToday: number };
    traffic: TrafficPoint[];
    failed: (Reference & { reason: string })[];
    recentDevices: { id: string; name: string; productId: string; state: string; onlineAt: string | null }[];
}

export interface Settings {
    siteName: string;
    retentionDays: { history: number; messages: number; accessLog: number; systemLog: number };
    version?: number;
}

export interface EnumElement {
    value: string;
    text: string;
    description?: string;
}

export interface ValueType {
    type: string;
    unit?: string;
    min?: number;
    max?: number;
    scale?: number;
    round?: string;
    trueText?: string;
    falseText?: string;
    trueValue?: string;
    falseValue?: string;
    expands?: { maxLength?: number };
    elements?: EnumElement[];
    multi?: boolean;
    format?: string;
    tz?: string;
    bodyType?: string;
    mediaType?: string;
    elementType?: ValueType;
    properties?: ModelField[];
    latProperty?: string;
    lonProperty?: string;
}

export interface ModelField {
    id: string;
    name: string;
    description?: string;
    valueType: ValueType;
    required?: boolean;
}

export interface ModelProperty extends ModelField {
    expands?: { type?: string[]; source?: string };
}

export interface ModelFunction {
    id: string;
    name: string;
    description?: string;
    async?: boolean;
    inputs: ModelField[];
    output: ValueType | null;
}

export interface ModelEvent extends ModelField {
    expands?: { level?: string };
}

export interface ThingModel {
    properties: ModelProperty[];
    functions: ModelFunction[];
    events: ModelEvent[];
    tags: ModelField[];
}

export type Configuration = Record<string, unknown>;

export interface Product extends Entity {
    deviceKind: string;
    gatewayId: string | null;
    protocolId: string | null;
    thingModel: ThingModel;
    configuration: Configuration;
    state: string;
    deviceCount: number;
    onlineCount: number;
    settings: { keepAliveSeconds?: number };
}

export interface Device extends Entity {
    productId: string;
    productName: string;
    parentId: string | null;
    configuration: Configuration;
    state: string;
    address: string | null;
    tags: Record<string, string>;
    gatewayId: string | null;
    onlineAt: string | null;
    offlineAt: string | null;
    lastSeenAt: string | null;
    sessionNode: string | null;
}

export interface PropertyValue {
    id: string;
    name: string;
    valueType: ValueType;
    value: unknown;
    text: string | null;
    quality: string | null;
    time: string | null;
    receivedAt: string | null;
    canRead: boolean;
    canWrite: boolean;
    declared?: boolean;
}

export interface HistoryPoint {
    time: string;
    value: unknown;
    quality: string;
}

export interface AggregatePoint {
    time: string;
    count: number;
    min: number | null;
    max: number | null;
    avg: number | null;
    first: number | null;
    last: number | null;
}

export interface CommandReply {
    messageId: string;
    success: boolean;
    code?: string;
    message?: string;
    properties?: Record<string, unknown>;
    output?: unknown;
    milliseconds: number;
}

export interface MessageRow {
    id: string;
    time: string;
    direction: string;
    kind: string;
    messageId: string;
    summary: string;
    payloadText: string | null;
    payloadHex: string | null;
    transport: string;
    address: string | null;
    result: string | null;
}

export interface EventRow {
    id?: string;
    time: string;
    event: string;
    name: string;
    level: string;
    data: unknown;
}

export interface JsonSchema {
    type?: string;
    title?: string;
    description?: string;
    default?: unknown;
    enum?: unknown[];
    required?: string[];
    properties?: Record<string, JsonSchema>;
    items?: JsonSchema;
    minimum?: number;
    maximum?: number;
    minLength?: number;
    maxLength?: number;
    maxItems?: number;
    pattern?: string;
    format?: string;
    oneOf?: JsonSchema[];
    i18n?: Record<string, Texts>;
    'x-order'?: string[] | number;
    'x-group'?: string;
    'x-widget'?: string;
    'x-enum-titles'?: string[] | Texts;
    'x-ref'?: string;
    'x-visible-when'?: Record<string, unknown>;
    'x-required-when'?: Record<string, unknown>;
    'x-unit'?: string;
    'x-help'?: string;
    'x-secret'?: boolean;
}

export interface NetworkType {
    id: string;
    name: Texts;
    description: Texts;
    transport: string;
    supports: { tls: boolean; dtls: boolean };
    shareable: boolean;
    schema: JsonSchema;
    pluginId: string;
    pluginVersion: string;
}

export interface NetworkCounters {
    connections: number;
    bytesIn: number;
    bytesOut: number;
    messagesIn: number;
    messagesOut: number;
    refused: number;
}

/** Whom a component that dials connects to, and how that goes. */
export interface NetworkTarget {
    address: string;
    state: string;
    since: string;
    nextAttemptAt: string | null;
    failures: number;
    lastError: string | null;
}

export interface NetworkComponent extends Entity {
    type: string;
    cluster: string;
    configuration: Configuration;
    nodes: { nodeId: string; configuration: Configuration }[];
    state: string;
    runState: string;
    lastError: string | null;
    /** Of types that dial; empty for servers. */
    targets?: NetworkTarget[];
    counters: NetworkCounters;
    usedBy: Reference[];
}

export interface Certificate extends Entity {
    chain: string;
    key?: string;
    trust: string | null;
    subject: string;
    names: string[];
    issuer: string;
    notBefore: string;
    notAfter: string;
    fingerprint: string;
    usedBy: Reference[];
}

export interface Route {
    group: string;
    address: string;
    upstream: boolean;
    downstream: boolean;
    description: string;
    example?: string | null;
}

export interface Protocol extends Entity {
    type: string;
    location: string | null;
    fileId: string | null;
    pluginId: string;
    protocol: string;
    state: string;
    runState: string;
    lastError: string | null;
    sha256: string;
    generation: number;
    pluginVersion?: string;
    transports: { id: string; routes: Route[] }[];
    features: string[];
    usedBy: Reference[];
    builtin: boolean;
}

export interface PluginGeneration {
    generation: number;
    version: string;
    sha256: string;
    state: string;
    since: string;
    instances: number;
    reason: string | null;
}

export interface PluginEvent {
    time: string;
    generation: number;
    from: string;
    to: string;
    reason: string | null;
    milliseconds: number;
}

export interface Plugin {
    id: string;
    name: Texts;
    version: string;
    abi: { major: number; minor: number };
    categories: string[];
    source: string;
    trust: string;
    state: string;
    health: string;
    generations: PluginGeneration[];
    provides: { factory: string; ids: string[] }[];
    sha256: string;
    lastError: string | null;
    events: PluginEvent[];
    actions?: Action[];
}

export interface GatewayProvider {
    id: string;
    category: string;
    name: Texts;
    description: Texts;
    networkType: string | null;
    transport: string;
    schema: JsonSchema | null;
    available: boolean;
    reason: string | null;
}

export interface Gateway extends Entity {
    provider: string;
    providerName: Texts;
    category: string;
    networkComponentId: string | null;
    networkComponentName: string | null;
    protocolId: string | null;
    protocolName: string | null;
    transport: string;
    configuration: Configuration;
    state: string;
    runState: string;
    lastError: string | null;
    address: string;
    routes: Route[];
    sessions: number;
    counters: {
        messagesUp: number;
        messagesDown: number;
        bytesUp: number;
        bytesDown: number;
        rejected: number;
    };
    usedBy: Reference[];
}

export interface SessionRow {
    deviceId: string;
    deviceName: string;
    productId: string;
    address: string;
    connectedAt: string;
    lastSeenAt: string;
}

export interface AccessRow {
    id: string;
    time: string;
    user: string;
    address: string;
    method: string;
    path: string;
    action: string;
    target: string;
    status: number;
    outcome: string;
    milliseconds: number;
    request?: string | null;
    requestHeaders?: Record<string, string>;
    response?: unknown;
    requestId?: string;
}

export interface SystemRow {
    id: string;
    time: string;
    level: string;
    source: string;
    node: string;
    message: string;
    context?: Record<string, unknown> | null;
    stack?: string | null;
    thread?: string;
    before?: SystemRow[];
    after?: SystemRow[];
}

export interface StoredFile {
    id: string;
    name: string;
    size: number;
    sha256: string;
}
