// SPDX-License-Identifier: Apache-2.0
// A tooltip that shows on hover and on focus: one box for the whole page, so that a table of a hundred
// buttons costs nothing. It leaves aria-describedby to its owner.
import type { Directive } from 'vue';

const kDelayMs = 150;
const kGap = 8;
const texts = new WeakMap<HTMLElement, string>();
let box: HTMLElement | null = null;
let owner: HTMLElement | null = null;
let timer: ReturnType<typeof setTimeout> | undefined;

function place(target: HTMLElement): void {
    const at = target.getBoundingClientRect();
    const own = box!.getBoundingClientRect();
    const left = Math.max(kGap, Math.min(at.left + at.width / 2 - own.width / 2, innerWidth - own.width - kGap));
    const above = at.top - own.height - kGap;
    box!.style.left = `${left}px`;
    box!.style.top = `${above >= kGap ? above : at.bottom + kGap}px`;
}

function show(target: HTMLElement): void {
    const text = texts.get(target);
    if (!text) return;
    box ??= document.body.appendChild(Object.assign(document.createElement('div'), { className: 'tip' }));
    box.setAttribute('role', 'tooltip');
    box.textContent = text;
    box.hidden = false;
    owner = target;
    place(target);
}

function hide(): void {
    clearTimeout(timer);
    owner = null;
    if (box) box.hidden = true;
}

function enter(event: Event): void {
    const target = event.currentTarget as HTMLElement;
    clearTimeout(timer);
    timer = setTimeout(() => show(target), event.type === 'focus' ? 0 : kDelayMs);
}

function escape(event: KeyboardEvent): void {
    if (event.key === 'Escape') hide();
}

/** `v-tip="text"`: no text, no tooltip. */
export const vTip: Directive<HTMLElement, string> = {
    mounted(element, { value }) {
        texts.set(element, value);
        element.addEventListener('mouseenter', enter);
        element.addEventListener('focus', enter);
        element.addEventListener('mouseleave', hide);
        element.addEventListener('blur', hide);
        element.addEventListener('click', hide);
        element.addEventListener('keydown', escape);
    },
    updated(element, { value, oldValue }) {
        if (value === oldValue) return;
        texts.set(element, value);
        if (owner === element) value ? show(element) : hide();
    },
    unmounted(element) {
        if (owner === element) hide();
    },
};
