// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import type { JsonSchema } from '@/api/types';
import { kSecretUnchanged, orderedNames, pruned, requiredNames, SchemaTexts, validate, withDefaults } from '@/schema-form/model';

const schema: JsonSchema = {
    type: 'object',
    required: ['port'],
    properties: {
        port: { type: 'integer', default: 1883, minimum: 1, maximum: 65535 },
        host: { type: 'string', format: 'hostname', maxLength: 10 },
        secure: { type: 'boolean', default: false },
        certificateId: { type: 'string', 'x-visible-when': { secure: true } },
        password: { type: 'string', maxLength: 2, 'x-secret': true },
        rows: { type: 'array', maxItems: 2, items: { type: 'object', required: ['key'], properties: { key: { type: 'string' } } } },
    },
    oneOf: [
        { properties: { secure: { enum: [false] } } },
        { properties: { secure: { enum: [true] } }, required: ['secure', 'certificateId'] },
    ],
    i18n: { 'zh-CN': { '/port': '端口', '/rows/key': '键' }, en: { '/port': 'Port', '/port#help': 'TCP port' } },
};
const paths = (value: unknown) => validate(schema, value).map((error) => `${error.path} ${error.code}`);

describe('schema form', () => {
    it('fills in defaults and keeps what is there', () => {
        expect(withDefaults(schema)).toEqual({ port: 1883, secure: false, rows: [] });
        expect(withDefaults(schema, { port: 1, host: 'a' })).toMatchObject({ port: 1, host: 'a', secure: false });
    });

    it('finds every fault at its path', () => {
        expect(paths({ port: 70000, host: 'not a host', secure: false, rows: [{}, { key: 'a' }, { key: 'b' }] })).toEqual([
            '/port range',
            '/host format_hostname',
            '/rows/0/key required',
            '/rows maxItems',
        ]);
        expect(paths({ port: 1.5 })).toEqual(['/port integer']);
        expect(paths({ port: null })).toEqual(['/port required']);
    });

    it('requires by the branch that fits, and only what is visible', () => {
        expect(paths({ port: 1, secure: true })).toEqual(['/certificateId required']);
        expect(paths({ port: 1, secure: false })).toEqual([]);
        expect([...requiredNames(schema, {}, { secure: true })]).toContain('certificateId');
    });

    it('counts characters as people do and leaves kept secrets alone', () => {
        expect(paths({ port: 1, password: '😀😀' })).toEqual([]);
        expect(paths({ port: 1, password: '😀😀😀' })).toEqual(['/password maxLength']);
        expect(paths({ port: 1, password: kSecretUnchanged })).toEqual([]);
    });

    it('sends neither hidden fields nor empty texts', () => {
        expect(pruned(schema, { port: 1, secure: false, certificateId: 'c', host: '' })).toEqual({ port: 1, secure: false });
        expect(pruned(schema, { port: 1, secure: true, certificateId: 'c' })).toEqual({ port: 1, secure: true, certificateId: 'c' });
    });

    it('speaks the language of the page, else Chinese, else the name', () => {
        const english = new SchemaTexts(schema, 'en');
        expect(english.title('/port', schema.properties!.port!)).toBe('Port');
        expect(english.help('/port', schema.properties!.port!)).toBe('TCP port');
        expect(new SchemaTexts(schema, 'zh-CN').title('/rows/items/key', {})).toBe('键');
        expect(new SchemaTexts(schema, 'fr').title('/port', {})).toBe('端口');
        expect(english.title('/host', {})).toBe('host');
    });

    it('orders by x-order', () => {
        expect(orderedNames({ 'x-order': ['b'], properties: { a: {}, b: {}, c: {} } })).toEqual(['b', 'a', 'c']);
        expect(orderedNames({ properties: { a: { 'x-order': 2 }, b: { 'x-order': 1 } } })).toEqual(['b', 'a']);
    });
});
