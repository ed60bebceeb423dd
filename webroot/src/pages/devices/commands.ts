// SPDX-License-Identifier: Apache-2.0
import { ElMessage } from 'element-plus';
import type { CommandReply, PropertyValue } from '@/api/types';
import { reportProblem } from '@/composables/useActions';
import { i18n } from '@/i18n';
import { readable } from '@/thing-model/types';

/** Reads one property from the device and says what came back. */
export async function reportRead(property: PropertyValue, read: () => Promise<CommandReply>): Promise<void> {
    const t = i18n.global.t;
    try {
        const reply = await read();
        if (!reply.success) {
            ElMessage.warning(t('command.refused', { code: reply.code ?? '', message: reply.message ?? '' }));
            return;
        }
        const value = readable(property.valueType, reply.properties?.[property.id]);
        ElMessage.success(t('command.readDone', { name: property.name, value, milliseconds: reply.milliseconds }));
    } catch (error) {
        reportProblem(error);
    }
}
