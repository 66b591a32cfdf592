// SPDX-License-Identifier: Apache-2.0
// Draws a trend with ECharts, only the parts we use. It draws SVG, which prints sharply, and its
// tooltip is drawn too: one made of HTML would need inline styles, which the page's policy refuses.
import { LineChart } from 'echarts/charts';
import { GridComponent, MarkAreaComponent, TooltipComponent } from 'echarts/components';
import { init, use, type EChartsCoreOption } from 'echarts/core';
import { SVGRenderer } from 'echarts/renderers';
import type { Trend } from './contract';
import { colours, shapes, type Marked } from './institution';

use([LineChart, GridComponent, MarkAreaComponent, TooltipComponent, SVGRenderer]);

const ink = '#3d4a55';
const font = '"Hiragino Sans", "Noto Sans JP", "IPAGothic", sans-serif';

/** A step of 1, 2 or 5 times a power of ten, and bounds on it that hold every value and the range. */
function scale(trend: Trend): { min: number; max: number; interval: number } {
  const all = trend.points.map((p) => p.value);
  if (trend.low != null) all.push(trend.low);
  if (trend.high != null) all.push(trend.high);
  const lowest = Math.min(...all);
  const highest = Math.max(...all);
  const rough = (highest - lowest || Math.abs(highest) || 1) / 4;
  const power = 10 ** Math.floor(Math.log10(rough));
  const interval = power * ([1, 2, 5].find((n) => n * power >= rough) ?? 10);
  return {
    min: Math.floor(lowest / interval) * interval,
    max: Math.ceil(highest / interval) * interval,
    interval,
  };
}

function option(trend: Trend, institution: (id: string) => Marked): EChartsCoreOption {
  const { min, max, interval } = scale(trend);
  const data = trend.points.map((point) => {
    const one = institution(point.institution);
    return {
      value: [point.day, point.value],
      name: one.name,
      symbol: `path://${shapes[one.index % shapes.length]}`,
      itemStyle: { color: colours[one.index % colours.length] },
    };
  });
  const range = [{ yAxis: trend.low ?? min }, { yAxis: trend.high ?? max }];
  return {
    animation: false,
    textStyle: { fontFamily: font, color: ink },
    grid: { left: 4, right: 14, top: 12, bottom: 4, containLabel: true },
    xAxis: {
      type: 'time',
      splitNumber: 4,
      axisLabel: {
        color: ink,
        hideOverlap: true,
        formatter: { year: '{yyyy}', month: '{yyyy}/{MM}', day: '{MM}/{dd}' },
      },
      axisLine: { lineStyle: { color: ink } },
    },
    yAxis: {
      type: 'value',
      min,
      max,
      interval,
      axisLabel: { color: ink },
      splitLine: { lineStyle: { color: '#e3e8ec' } },
    },
    tooltip: {
      trigger: 'item',
      renderMode: 'richText',
      confine: true,
      formatter: (point: { name: string; value: [string, number] }) =>
        `${point.value[0].replaceAll('-', '/')}  ${point.value[1]} ${trend.unit ?? ''}\n${point.name}`,
    },
    series: [
      {
        type: 'line',
        data,
        symbolSize: data.length > 60 ? 7 : 11,
        showAllSymbol: true,
        lineStyle: { color: '#7b8894', width: 1.5 },
        markArea:
          trend.low == null && trend.high == null
            ? undefined
            : { silent: true, itemStyle: { color: '#1b6b3a', opacity: 0.12 }, data: [range] },
      },
    ],
  };
}

/** Fills `box` and keeps to its size; the answer takes the chart away again. */
export function drawTrend(box: HTMLElement, trend: Trend, institution: (id: string) => Marked): () => void {
  const chart = init(box, null, { renderer: 'svg' });
  chart.setOption(option(trend, institution));
  const watch = new ResizeObserver(() => chart.resize());
  watch.observe(box);
  return () => {
    watch.disconnect();
    chart.dispose();
  };
}
