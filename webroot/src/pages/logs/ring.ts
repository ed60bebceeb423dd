// SPDX-License-Identifier: Apache-2.0

/** The newest lines of a stream: at most `limit`, the oldest fall out. */
export class Ring<T> {
    private lines: T[] = [];
    private dropped = 0;

    constructor(private readonly limit: number) {}

    push(items: readonly T[]): void {
        this.lines.push(...items.slice(-this.limit));
        const excess = this.lines.length - this.limit;
        if (excess <= 0) return;
        this.lines.splice(0, excess);
        this.dropped += excess;
    }

    clear(): void {
        this.lines = [];
        this.dropped = 0;
    }

    /** A copy; the ring goes on filling behind it. */
    snapshot(): T[] {
        return [...this.lines];
    }

    get lost(): number {
        return this.dropped;
    }
}
