// SPDX-License-Identifier: Apache-2.0
import { useQuery } from '@tanstack/vue-query';
import { computed, type ComputedRef } from 'vue';
import { api } from '@/api/client';
import { textOr } from '@/i18n';

/** The values of an enumeration as the API names them, with their words; never taken from rows on screen. */
export function useEnum(name: string, fallback: string[]): ComputedRef<{ value: string; label: string }[]> {
    const query = useQuery({
        queryKey: ['/meta/enums'],
        queryFn: ({ signal }) => api.get<Record<string, string[]>>('/meta/enums', undefined, signal),
        staleTime: Infinity,
        retry: false,
    });
    return computed(() =>
        (query.data.value?.[name] ?? fallback).map((value) => ({ value, label: textOr(`state.${value}`, value) })),
    );
}
