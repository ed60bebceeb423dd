// SPDX-License-Identifier: Apache-2.0
import { onScopeDispose, toValue, watch, type MaybeRefOrGetter } from 'vue';
import { follow, liveState, onResync } from '@/live/channel';

/**
 * Follows live topics for as long as the component lives. `onItems` hears each message; `resync` is
 * called when messages may have been missed and has to read again what is shown.
 */
export function useLive<T>(
    topics: MaybeRefOrGetter<string | string[] | null>,
    onItems: (items: T[], topic: string) => void,
    resync?: () => void,
) {
    let stops: (() => void)[] = [];
    const stopAll = () => {
        stops.forEach((stop) => stop());
        stops = [];
    };
    watch(
        () => [toValue(topics) ?? []].flat().join(','),
        (joined) => {
            const previous = stops;
            stops = joined
                .split(',')
                .filter(Boolean)
                .map((topic) => follow(topic, (items) => onItems(items as T[], topic)));
            previous.forEach((stop) => stop());
        },
        { immediate: true },
    );
    const stopResync = resync ? onResync(resync) : undefined;
    onScopeDispose(() => {
        stopAll();
        stopResync?.();
    });
    return { liveState };
}
