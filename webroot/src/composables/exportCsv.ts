// SPDX-License-Identifier: Apache-2.0
import { problemOf } from '@/api/problem';
import { saveText } from './clipboard';
import { reportProblem } from './useActions';

/** Any list as CSV: the same address with another Accept header. */
export async function exportCsv(url: string, name: string): Promise<void> {
    try {
        const response = await fetch(url, { headers: { Accept: 'text/csv' }, credentials: 'same-origin' });
        if (!response.ok) throw await problemOf(response);
        const day = new Date().toISOString().slice(0, 10);
        saveText(`fairlead-${name}-${day}.csv`, await response.text(), 'text/csv');
    } catch (error) {
        reportProblem(error);
    }
}
