// SPDX-License-Identifier: Apache-2.0
import { mount } from '@vue/test-utils';
import { describe, expect, it } from 'vitest';
import type { ValueType } from '@/api/types';
import { i18n } from '@/i18n';
import { newElement, normalized, typeSummary } from '@/thing-model/parts';
import { typeFaults } from '@/thing-model/typeFaults';
import { checkValue, fromTagText, initialValue, kTypes, readable, toTagText, typeWithDefaults } from '@/thing-model/types';
import ValueInput from '@/thing-model/ValueInput.vue';

const limits: ValueType = {
    type: 'object',
    properties: [
        { id: 'low', name: '下限', valueType: { type: 'float', unit: '°C' } },
        { id: 'high', name: '上限', valueType: { type: 'float' }, required: true },
    ],
};
const codes = (type: ValueType, value: unknown) => checkValue(type, value, 'p').map((error) => `${error.path} ${error.code}`);

describe('values of a thing model', () => {
    it.each([
        [{ type: 'byte' }, 127, []],
        [{ type: 'byte' }, 128, ['p range']],
        [{ type: 'short' }, -32769, ['p range']],
        [{ type: 'int', min: 5, max: 10 }, 4, ['p range']],
        [{ type: 'int' }, 1.5, ['p integer']],
        [{ type: 'double', min: 0 }, -1, ['p minimum']],
        [{ type: 'double', max: 1 }, 2, ['p maximum']],
        [{ type: 'float' }, '1', ['p number']],
        [{ type: 'string', expands: { maxLength: 2 } }, '汉字', []],
        [{ type: 'string', expands: { maxLength: 2 } }, '汉字多', ['p maxLength']],
        [{ type: 'enum', multi: true }, [], ['p required']],
        [{ type: 'array', elementType: { type: 'int' } }, [1, 'x'], ['p/1 number']],
        [{ type: 'geoPoint' }, { lon: 120, lat: 30 }, []],
        [{ type: 'geoPoint' }, { lon: 181, lat: 30 }, ['p geoPoint']],
        [{ type: 'geoShape' }, '{"type":', ['p geoShape']],
        [limits, { low: 1 }, ['p/high required']],
        [limits, { low: 'a', high: 2 }, ['p/low number']],
    ] as [ValueType, unknown, string[]][])('%o holds %o: %o', (type, value, expected) => {
        expect(codes(type, value)).toEqual(expected);
    });

    it('reads as a person wants', () => {
        expect(readable({ type: 'float', unit: '°C', scale: 1 }, 21.56)).toBe('21.6 °C');
        expect(readable({ type: 'boolean', trueText: '合闸', falseText: '分闸', trueValue: '1', falseValue: '0' }, '1')).toBe('合闸');
        expect(readable({ type: 'enum', elements: [{ value: 'eco', text: '节能' }] }, 'eco')).toBe('节能');
        expect(readable({ type: 'password' }, 'secret')).not.toContain('secret');
        expect(readable(limits, { low: 5, high: 35 })).toBe('下限 5 °C, 上限 35');
        expect(readable({ type: 'int' }, null)).toBe('–');
    });

    it('keeps tags as text and gives their inputs values', () => {
        expect([toTagText(3), toTagText(false), toTagText({ a: 1 }), toTagText(''), toTagText([])]).toEqual(['3', 'false', '{"a":1}', null, null]);
        expect(fromTagText({ type: 'int' }, '3')).toBe(3);
        expect(fromTagText({ type: 'int' }, 'three')).toBeUndefined();
        expect(fromTagText({ type: 'object' }, '{"a":1}')).toEqual({ a: 1 });
        expect(fromTagText({ type: 'string' }, '3')).toBe('3');
    });

    it('has a control for every type', () => {
        for (const type of kTypes) {
            const mounted = mount(ValueInput, {
                props: { type: typeWithDefaults(type), label: type, modelValue: initialValue(typeWithDefaults(type)) },
                global: { plugins: [i18n], stubs: { DateTime: { template: '<input class="date" />' } } },
            });
            expect(mounted.find('input, textarea, button, p, [role="combobox"]').exists(), type).toBe(true);
            mounted.unmount();
        }
    });
});

describe('definitions', () => {
    it('refuses what cannot work', () => {
        const property = (valueType: ValueType) => ({ id: 'p', name: 'p', valueType });
        expect(typeFaults(property({ type: 'int', min: 2, max: 1 }))).toHaveLength(1);
        expect(typeFaults(property({ type: 'enum', elements: [] }))).toHaveLength(1);
        expect(typeFaults(property({ type: 'enum', elements: [{ value: 'a', text: '' }, { value: 'a', text: '' }] }))).toHaveLength(1);
        expect(typeFaults(property({ type: 'array', elementType: { type: 'object', properties: [{ id: 'bad id', name: '', valueType: { type: 'int' } }] } }))).toHaveLength(1);
        expect(typeFaults(property(limits))).toEqual([]);
        const twice = { id: 'a', name: '', valueType: { type: 'int' } };
        expect(typeFaults({ id: 'f', name: '', inputs: [twice, twice], output: null })).toHaveLength(1);
    });

    it('completes what the server leaves out', () => {
        expect(normalized(null)).toEqual({ properties: [], functions: [], events: [], tags: [] });
        expect(normalized({ properties: [newElement('properties') as never] }).properties).toHaveLength(1);
    });

    it('sums a type up in one line', () => {
        expect(typeSummary({ type: 'float', unit: '°C', min: -40, max: 85 })).toContain('°C · -40 – 85');
        expect(typeSummary(limits)).toContain('low, high');
    });
});
