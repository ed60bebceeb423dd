// SPDX-License-Identifier: Apache-2.0
// Thing models and form schemas of the fixtures.

export const climateModel = {
    properties: [
        { id: 'temperature', name: '温度', description: '探头处的空气温度', valueType: { type: 'float', unit: '°C', min: -40, max: 85, scale: 1 }, expands: { type: ['read', 'report'], source: 'device' } },
        { id: 'humidity', name: '相对湿度', valueType: { type: 'float', unit: '%', min: 0, max: 100, scale: 1 }, expands: { type: ['read', 'report'], source: 'device' } },
        { id: 'battery', name: '电池电量', valueType: { type: 'int', unit: '%', min: 0, max: 100 }, expands: { type: ['report'], source: 'device' } },
        { id: 'interval', name: '上报间隔', description: '两次上报之间的秒数', valueType: { type: 'int', unit: 's', min: 5, max: 86400 }, expands: { type: ['read', 'write', 'report'], source: 'device' } },
        { id: 'alarm', name: '报警开关', valueType: { type: 'boolean', trueText: '开启', falseText: '关闭', trueValue: 'true', falseValue: 'false' }, expands: { type: ['read', 'write', 'report'], source: 'device' } },
        { id: 'mode', name: '工作模式', valueType: { type: 'enum', multi: false, elements: [{ value: 'normal', text: '正常' }, { value: 'eco', text: '节能' }, { value: 'test', text: '测试' }] }, expands: { type: ['read', 'write', 'report'], source: 'device' } },
        { id: 'limits', name: '报警限值', valueType: { type: 'object', properties: [{ id: 'low', name: '下限', valueType: { type: 'float', unit: '°C' } }, { id: 'high', name: '上限', valueType: { type: 'float', unit: '°C' }, required: true }] }, expands: { type: ['read', 'write'], source: 'device' } },
        { id: 'position', name: '位置', valueType: { type: 'geoPoint' }, expands: { type: ['report'], source: 'device' } },
        { id: 'calibratedAt', name: '校准时间', valueType: { type: 'date', format: 'timestamp' }, expands: { type: ['read', 'write'], source: 'device' } },
        { id: 'firmware', name: '固件版本', valueType: { type: 'string', expands: { maxLength: 32 } }, expands: { type: ['report'], source: 'device' } },
        { id: 'samples', name: '采样序列', valueType: { type: 'array', elementType: { type: 'float', unit: '°C' } }, expands: { type: ['report'], source: 'device' } },
    ],
    functions: [
        { id: 'restart', name: '重启', description: '等待几秒后重新启动设备', async: false, inputs: [{ id: 'delay', name: '延时', valueType: { type: 'int', unit: 's', min: 0, max: 60 }, required: true }], output: { type: 'boolean', trueText: '已接受', falseText: '已拒绝', trueValue: 'true', falseValue: 'false' } },
        { id: 'calibrate', name: '校准', async: false, inputs: [{ id: 'reference', name: '参考温度', valueType: { type: 'float', unit: '°C', min: -40, max: 85 }, required: true }, { id: 'points', name: '校准点', valueType: { type: 'array', elementType: { type: 'float' } }, required: false }, { id: 'operator', name: '操作说明', valueType: { type: 'string', expands: { maxLength: 64 } }, required: false }], output: { type: 'object', properties: [{ id: 'offset', name: '偏差', valueType: { type: 'float', unit: '°C' } }] } },
        { id: 'locate', name: '定位闪灯', async: true, inputs: [], output: null },
    ],
    events: [
        { id: 'overheat', name: '温度过高', valueType: { type: 'object', properties: [{ id: 'temperature', name: '温度', valueType: { type: 'float', unit: '°C' } }] }, expands: { level: 'urgent' } },
        { id: 'lowBattery', name: '电量不足', valueType: { type: 'int', unit: '%' }, expands: { level: 'warn' } },
        { id: 'started', name: '设备启动', valueType: { type: 'string' }, expands: { level: 'ordinary' } },
    ],
    tags: [
        { id: 'building', name: '楼宇', valueType: { type: 'string', expands: { maxLength: 32 } } },
        { id: 'floor', name: '楼层', valueType: { type: 'int' } },
    ],
};

export const meterModel = {
    properties: [
        { id: 'voltage', name: '电压', valueType: { type: 'float', unit: 'V', scale: 1 }, expands: { type: ['read', 'report'], source: 'device' } },
        { id: 'current', name: '电流', valueType: { type: 'float', unit: 'A', scale: 2 }, expands: { type: ['read', 'report'], source: 'device' } },
        { id: 'energy', name: '累计电量', valueType: { type: 'double', unit: 'kWh', scale: 2 }, expands: { type: ['read', 'report'], source: 'device' } },
        { id: 'relay', name: '继电器', valueType: { type: 'boolean', trueText: '合闸', falseText: '分闸', trueValue: '1', falseValue: '0' }, expands: { type: ['read', 'write', 'report'], source: 'device' } },
    ],
    functions: [{ id: 'clear', name: '电量清零', async: false, inputs: [], output: null }],
    events: [{ id: 'overload', name: '过载', valueType: { type: 'float', unit: 'A' }, expands: { level: 'urgent' } }],
    tags: [],
};

export const emptyModel = { properties: [], functions: [], events: [], tags: [] };

export const productSchema = {
    type: 'object',
    required: ['secureId', 'secureKey'],
    properties: {
        secureId: { type: 'string', maxLength: 64, 'x-order': 1 },
        secureKey: { type: 'string', maxLength: 64, 'x-secret': true, 'x-order': 2 },
        checkClientId: { type: 'boolean', default: true, 'x-order': 3 },
    },
    i18n: {
        'zh-CN': { '/secureId': '认证用户', '/secureId#help': '设备以 MQTT 用户名 secureId|时间戳 登录', '/secureKey': '认证密钥', '/checkClientId': '客户端标识须为设备 ID' },
        en: { '/secureId': 'Secure id', '/secureId#help': 'Devices log in with the MQTT user name secureId|timestamp', '/secureKey': 'Secure key', '/checkClientId': 'Client id must be the device id' },
    },
};

const tls = {
    zh: { '/secure': '开启 TLS', '/certificateId': '证书', '/keyAlias': '私钥别名' },
    en: { '/secure': 'Use TLS', '/certificateId': 'Certificate', '/keyAlias': 'Key alias' },
};

const common = {
    zh: { '/host': '本地地址', '/port': '本地端口', '/publicHost': '公网地址', '/publicHost#help': '对外提供访问的地址，内网环境填写服务器的内网 IP', '/publicPort': '公网端口', '#group/network': '地址', '#group/security': '安全', '#group/limits': '限制', '#group/framing': '粘拆包规则', ...tls.zh },
    en: { '/host': 'Local address', '/port': 'Local port', '/publicHost': 'Public address', '/publicHost#help': 'The address that devices reach; inside a LAN the address of this server', '/publicPort': 'Public port', '#group/network': 'Addresses', '#group/security': 'Security', '#group/limits': 'Limits', '#group/framing': 'Framing rule', ...tls.en },
};

function networkSchema(port, more = {}, texts = { zh: {}, en: {} }) {
    return {
        type: 'object',
        required: ['host', 'port', 'publicHost', 'publicPort'],
        properties: {
            host: { type: 'string', default: '0.0.0.0', maxLength: 253, format: 'hostname', 'x-group': 'common' },
            port: { type: 'integer', default: port, minimum: 1, maximum: 65535, 'x-group': 'common' },
            publicHost: { type: 'string', maxLength: 253, format: 'hostname', 'x-group': 'common' },
            publicPort: { type: 'integer', default: port, minimum: 1, maximum: 65535, 'x-group': 'common' },
            secure: { type: 'boolean', default: false, 'x-group': 'common' },
            certificateId: { type: 'string', 'x-ref': 'certificates', 'x-group': 'common', 'x-visible-when': { secure: true }, 'x-required-when': { secure: true } },
            keyAlias: { type: 'string', maxLength: 64, 'x-group': 'common', 'x-visible-when': { secure: true } },
            ...more,
        },
        oneOf: [
            { properties: { secure: { enum: [false] } } },
            { properties: { secure: { enum: [true] } }, required: ['secure', 'certificateId'] },
        ],
        i18n: { 'zh-CN': { ...common.zh, ...texts.zh }, en: { ...common.en, ...texts.en } },
    };
}

export const mqttSchema = networkSchema(
    1883,
    { maxMessageBytes: { type: 'integer', default: 65536, minimum: 1024, maximum: 1073741824, 'x-unit': 'byte', 'x-group': 'limits' }, maxConnections: { type: 'integer', default: 100000, minimum: 1, maximum: 1000000, 'x-group': 'limits' } },
    { zh: { '/maxMessageBytes': '最大消息长度', '/maxMessageBytes#help': '设置过大可能会影响性能', '/maxConnections': '最大连接数' }, en: { '/maxMessageBytes': 'Largest message', '/maxMessageBytes#help': 'A large limit can cost performance', '/maxConnections': 'Most connections' } },
);

export const httpSchema = networkSchema(8800);

export const tcpSchema = networkSchema(
    8081,
    {
        framing: { type: 'string', enum: ['none', 'fixed', 'delimiter', 'length'], default: 'none', 'x-group': 'framing' },
        frameLength: { type: 'integer', minimum: 1, maximum: 65535, 'x-group': 'framing', 'x-visible-when': { framing: 'fixed' }, 'x-required-when': { framing: 'fixed' } },
        delimiter: { type: 'string', maxLength: 64, 'x-group': 'framing', 'x-visible-when': { framing: 'delimiter' }, 'x-required-when': { framing: 'delimiter' } },
        lengthBytes: { type: 'integer', enum: [1, 2, 3, 4, 8], default: 4, 'x-group': 'framing', 'x-visible-when': { framing: 'length' } },
        lengthOffset: { type: 'integer', default: 0, minimum: 0, maximum: 65535, 'x-group': 'framing', 'x-visible-when': { framing: 'length' } },
        byteOrder: { type: 'string', enum: ['big', 'little'], default: 'big', 'x-group': 'framing', 'x-visible-when': { framing: 'length' } },
    },
    {
        zh: { '/framing': '规则', '/framing#enum/none': '不处理', '/framing#enum/fixed': '固定长度', '/framing#enum/delimiter': '分隔符', '/framing#enum/length': '长度字段', '/frameLength': '长度', '/delimiter': '分隔符', '/lengthBytes': '长度字段字节数', '/lengthOffset': '偏移', '/byteOrder': '字节序', '/byteOrder#enum/big': '大端', '/byteOrder#enum/little': '小端' },
        en: { '/framing': 'Rule', '/framing#enum/none': 'None', '/framing#enum/fixed': 'Fixed length', '/framing#enum/delimiter': 'Delimiter', '/framing#enum/length': 'Length field', '/frameLength': 'Length', '/delimiter': 'Delimiter', '/lengthBytes': 'Bytes of the length field', '/lengthOffset': 'Offset', '/byteOrder': 'Byte order', '/byteOrder#enum/big': 'Big endian', '/byteOrder#enum/little': 'Little endian' },
    },
);

export const routes = {
    MQTT: [
        ['属性', '/{productId}/{deviceId}/properties/report', true, false, '属性上报'],
        ['属性', '/{productId}/{deviceId}/properties/read', false, true, '读取属性'],
        ['属性', '/{productId}/{deviceId}/properties/read/reply', true, false, '读取属性回复'],
        ['属性', '/{productId}/{deviceId}/properties/write', false, true, '修改属性'],
        ['属性', '/{productId}/{deviceId}/properties/write/reply', true, false, '修改属性回复'],
        ['功能', '/{productId}/{deviceId}/function/invoke', false, true, '调用功能'],
        ['功能', '/{productId}/{deviceId}/function/invoke/reply', true, false, '调用功能回复'],
        ['事件', '/{productId}/{deviceId}/event/{eventId}', true, false, '事件上报'],
        ['状态', '/{productId}/{deviceId}/online', true, false, '设备上线'],
        ['状态', '/{productId}/{deviceId}/offline', true, false, '设备离线'],
    ],
    HTTP: [
        ['属性', 'POST /{productId}/{deviceId}/properties/report', true, false, '属性上报'],
        ['事件', 'POST /{productId}/{deviceId}/event/{eventId}', true, false, '事件上报'],
    ],
    TCP: [['消息', '[length:4][type:1][payload]', true, true, '长度字段为 4 字节大端']],
};

export function routeRows(transport) {
    return (routes[transport] ?? []).map(([group, address, upstream, downstream, description]) => ({
        group,
        address,
        upstream,
        downstream,
        description,
        example: transport === 'MQTT' && upstream ? '{"properties":{"temperature":21.5}}' : null,
    }));
}
