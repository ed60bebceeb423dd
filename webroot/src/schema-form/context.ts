// SPDX-License-Identifier: Apache-2.0
import type { InjectionKey, Ref } from 'vue';
import type { SchemaTexts } from './model';

export interface FormContext {
    root: Ref<Record<string, unknown>>;
    texts: Ref<SchemaTexts>;
    errors: Ref<Record<string, string>>;
    /** Fields that are given, with the reason, by pointer. */
    locked: Ref<Record<string, string>>;
    touched: (path: string) => void;
}

export const kFormContext: InjectionKey<FormContext> = Symbol('schema form');
