// SPDX-License-Identifier: Apache-2.0
import { ElMessage, ElMessageBox, type FormInstance } from 'element-plus';
import { computed, nextTick, reactive, ref, type Ref } from 'vue';
import 'element-plus/theme-chalk/el-message-box.css';
import { useI18n } from 'vue-i18n';
import { onBeforeRouteLeave } from 'vue-router';
import { isProblem } from '@/api/problem';
import { textOr } from '@/i18n';
import { clone } from './clone';
import { problemText } from './problemText';

export interface FormOptions<T extends object> {
    save: (model: T) => Promise<unknown>;
    /** Further checks beside the rules of the form; false stops the save. */
    check?: () => boolean | Promise<boolean>;
    saved?: () => void;
    done?: string;
    /** Guards against leaving the page with changes; off for forms in dialogs. */
    guardLeave?: boolean;
}

/** State of one form: model, server errors by field, conflict (412), dirty check, save. */
export function useForm<T extends object>(initial: T, options: FormOptions<T>) {
    const { t } = useI18n();
    const model = ref(clone(initial)) as Ref<T>;
    // Not reactive: a ref set by a function runs on each render and must not cause the next one.
    let form: FormInstance | null = null;
    const bind = (element: unknown) => {
        form = element as FormInstance | null;
    };
    const errors = reactive<Record<string, string>>({});
    const saving = ref(false);
    const conflict = ref(false);
    const problem = ref('');
    const baseline = ref(JSON.stringify(initial));
    const dirty = computed(() => JSON.stringify(model.value) !== baseline.value);

    function clearErrors(): void {
        for (const key of Object.keys(errors)) delete errors[key];
        problem.value = '';
        conflict.value = false;
    }

    function reset(next: T): void {
        model.value = clone(next);
        baseline.value = JSON.stringify(next);
        clearErrors();
        void nextTick(() => form?.clearValidate());
    }

    function take(error: unknown): void {
        if (isProblem(error, 412)) {
            conflict.value = true;
            return;
        }
        const loose: string[] = [];
        if (isProblem(error)) {
            for (const entry of error.errors) {
                const words = textOr(`fieldError.${entry.code}`, entry.message, entry.params ?? {});
                errors[entry.field] = words;
                loose.push(words);
            }
        }
        problem.value = problemText(error);
        void nextTick(focusFirstError);
    }

    function focusFirstError(): void {
        const wrong = document.querySelector<HTMLElement>(
            '.el-form-item.is-error input, .el-form-item.is-error textarea, .el-form-item.is-error [tabindex="0"]',
        );
        wrong?.focus();
        wrong?.scrollIntoView({ block: 'center', behavior: 'instant' });
    }

    async function submit(): Promise<boolean> {
        if (saving.value) return false;
        clearErrors();
        const valid = (await form?.validate().catch(() => false)) ?? true;
        const checked = options.check ? await options.check() : true;
        if (!valid || !checked) {
            await nextTick();
            focusFirstError();
            return false;
        }
        saving.value = true;
        try {
            await options.save(model.value);
            baseline.value = JSON.stringify(model.value);
            if (options.done !== '') ElMessage.success(options.done ?? t('common.saved'));
            options.saved?.();
            return true;
        } catch (error) {
            take(error);
            return false;
        } finally {
            saving.value = false;
        }
    }

    async function confirmLeave(): Promise<boolean> {
        if (!dirty.value || saving.value) return true;
        return ElMessageBox.confirm(t('form.leave'), t('form.leaveTitle'), {
            type: 'warning',
            confirmButtonText: t('form.leaveAnyway'),
            cancelButtonText: t('form.stay'),
        }).then(
            () => true,
            () => false,
        );
    }

    if (options.guardLeave) onBeforeRouteLeave(() => confirmLeave());

    return reactive({ model, bind, errors, saving, conflict, problem, dirty, submit, reset, confirmLeave, clearErrors });
}
