// SPDX-License-Identifier: Apache-2.0

export type HelpTopics = Record<string, { title: string; text: string }[]>;
