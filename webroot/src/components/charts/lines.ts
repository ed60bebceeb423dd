// SPDX-License-Identifier: Apache-2.0
// The only file that knows ECharts. Tooltips are drawn on the canvas: HTML ones would need inline styles.
import { LineChart } from 'echarts/charts';
import { GridComponent, LegendComponent, TooltipComponent } from 'echarts/components';
import { init, use, type EChartsCoreOption } from 'echarts/core';
import { CanvasRenderer } from 'echarts/renderers';
import { formatNumber, formatTime } from '@/i18n/format';

use([LineChart, GridComponent, TooltipComponent, LegendComponent, CanvasRenderer]);

export interface ChartSeries {
    name: string;
    points: [string | number, number | null][];
    /** 0 main, 1 second, 2 third; `edge` for the faint lines of a minimum or maximum. */
    tone?: 0 | 1 | 2;
    edge?: boolean;
    area?: boolean;
    step?: boolean;
}

export interface ChartLook {
    unit: string;
    band: boolean;
}

export interface ChartHandle {
    draw(series: ChartSeries[], look: ChartLook): void;
    resize(): void;
    dispose(): void;
}

const kFont = 'Inter, "Segoe UI", "PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", sans-serif';

function colours() {
    const style = getComputedStyle(document.documentElement);
    const read = (name: string) => style.getPropertyValue(name).trim();
    return {
        lines: [read('--fl-primary'), read('--fl-rope'), read('--fl-ok-dot')],
        text: read('--fl-text-3'),
        strong: read('--fl-text'),
        grid: read('--fl-border'),
        surface: read('--fl-surface'),
        border: read('--fl-border-strong'),
    };
}

function seriesOption(series: ChartSeries, paint: ReturnType<typeof colours>) {
    const colour = paint.lines[series.tone ?? 0];
    return {
        name: series.name,
        type: 'line',
        data: series.points,
        showSymbol: series.points.length === 1,
        symbolSize: 5,
        step: series.step ? 'end' : undefined,
        sampling: 'lttb',
        connectNulls: false,
        itemStyle: { color: colour },
        lineStyle: { width: series.edge ? 1 : 2, color: colour, opacity: series.edge ? 0.7 : 1, type: series.edge ? 'dashed' : 'solid' },
        areaStyle: series.area ? { color: colour, opacity: 0.1 } : undefined,
        emphasis: { disabled: true },
    };
}

function option(series: ChartSeries[], look: ChartLook): EChartsCoreOption {
    const paint = colours();
    const text = { color: paint.text, fontFamily: kFont, fontSize: 12 };
    const format = (value: unknown) => (value === null || value === undefined ? '–' : `${formatNumber(Number(value), 2)}${look.unit ? ` ${look.unit}` : ''}`);
    return {
        animation: false,
        textStyle: { fontFamily: kFont },
        grid: { left: 12, right: 18, top: series.length > 1 ? 40 : 18, bottom: 8, containLabel: true },
        legend: series.length > 1 ? { top: 0, right: 8, icon: 'roundRect', itemWidth: 14, itemHeight: 3, textStyle: text } : undefined,
        tooltip: {
            trigger: 'axis',
            renderMode: 'richText',
            backgroundColor: paint.surface,
            borderColor: paint.border,
            borderWidth: 1,
            textStyle: { color: paint.strong, fontFamily: kFont, fontSize: 12.5 },
            formatter: (points: { axisValue: number; seriesName: string; value: [number, number | null] }[]) =>
                [formatTime(points[0]?.axisValue ?? 0), ...points.map((point) => `${point.seriesName}: ${format(point.value[1])}`)].join('\n'),
        },
        xAxis: { type: 'time', axisLabel: { ...text, hideOverlap: true }, axisLine: { lineStyle: { color: paint.grid } }, axisTick: { show: false } },
        yAxis: { type: 'value', scale: true, axisLabel: text, splitLine: { lineStyle: { color: paint.grid } } },
        series: series.map((entry) => seriesOption(entry, paint)),
    };
}

export function makeChart(box: HTMLElement): ChartHandle {
    const chart = init(box);
    return {
        draw: (series, look) => chart.setOption(option(series, look), { notMerge: true }),
        resize: () => chart.resize(),
        dispose: () => chart.dispose(),
    };
}
