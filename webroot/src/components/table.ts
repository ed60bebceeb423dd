// SPDX-License-Identifier: Apache-2.0

export interface Column {
    key: string;
    label: string;
    width?: number;
    sortable?: boolean;
    align?: 'right';
}

export interface SearchField {
    key: string;
    label: string;
    /** Without options it is a text field; with options a select that applies at once. */
    options?: { value: string; label: string }[];
    width?: number;
}
