package dev.zmalloc.bench.eviction;

import dev.zmalloc.bench.Machine;
import dev.zmalloc.bench.eviction.EvictionRun.Part;
import dev.zmalloc.cli.Charts;
import dev.zmalloc.cli.Picture;
import java.awt.Color;
import java.awt.Font;
import java.awt.Graphics2D;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.ToDoubleFunction;
import org.jspecify.annotations.Nullable;
import org.knowm.xchart.CategoryChart;
import org.knowm.xchart.style.AxesChartStyler;
import org.knowm.xchart.style.Styler.LegendLayout;
import org.knowm.xchart.style.Styler.LegendPosition;

/** What was measured as one picture, PNG and SVG: a panel for each part, two in a row. */
final class EvictionPicture {
    private static final int MARGIN = 26;
    private static final int WIDTH = 1500;
    private static final int HEAD_HEIGHT = 108;
    private static final int CHART_HEIGHT = 420;
    private static final float LINE_WIDTH = 2.6f;

    /** Of M. Okabe and K. Ito's palette, which people with any kind of colour vision can tell apart. */
    private static final Color STORE = new Color(0x0072b2);

    private static final Color OTHER = new Color(0xe69f00);
    private static final Color THIRD = new Color(0x999999);
    private static final Color FOURTH = new Color(0x009e73);

    private final EvictionRun run;
    private final Findings findings;
    private final Machine machine = Machine.here();
    private final List<CategoryChart> charts = new ArrayList<>();

    private EvictionPicture(EvictionRun run) {
        this.run = run;
        findings = run.findings();
        if (run.has(Part.CHURN)) {
            charts.add(churn("Get, and put on a miss", "million requests a second", "rate", 1e-6, "0.0"));
            charts.add(churn("Hit ratio of these requests", "%", "hit_ratio", 100, "0.0"));
            charts.add(churn("Resident memory", "MiB", "resident_bytes", 1.0 / (1 << 20), "0"));
        }
        if (run.has(Part.COST)) {
            charts.add(cost());
        }
        if (run.has(Part.PUT)) {
            Map<String, String> lines = Map.of("put.far", "far", "put.full", "at limit", "put.idle", "idle loop");
            charts.add(latencies("A put of a new key", List.of("put.far", "put.full", "put.idle"), lines));
        }
        if (run.has(Part.LOWERING)) {
            Map<String, String> lines = Map.of(
                    "lowering.calm_put", "put before",
                    "lowering.put", "put meanwhile",
                    "lowering.calm_get", "get before",
                    "lowering.get", "get meanwhile");
            charts.add(latencies(
                    "While the limit is lowered by half",
                    List.of("lowering.calm_put", "lowering.put", "lowering.calm_get", "lowering.get"),
                    lines));
        }
    }

    /** Draws into {@code eviction.png} and {@code eviction.svg}. */
    static List<Path> write(EvictionRun run, Path folder, PrintStream out) throws IOException {
        EvictionPicture picture = new EvictionPicture(run);
        if (picture.charts.isEmpty()) {
            return List.of();
        }
        int rows = (picture.charts.size() + 1) / 2;
        return Picture.write(
                WIDTH,
                HEAD_HEIGHT + rows * CHART_HEIGHT + MARGIN,
                picture::draw,
                out,
                folder.resolve("eviction.png"),
                folder.resolve("eviction.svg"));
    }

    private void draw(Graphics2D graphics) {
        Picture.text(graphics, "What it costs to be full", Font.BOLD, 30, MARGIN + 10, 48);
        Picture.text(
                graphics,
                machine.words() + "; " + machine.date()
                        + (run.quick() ? "; a quick look" : "; medians of " + run.forks() + " JVMs"),
                Font.PLAIN,
                17,
                MARGIN + 10,
                80);
        int width = (WIDTH - 2 * MARGIN) / 2;
        for (int index = 0; index < charts.size(); index++) {
            int x = MARGIN + index % 2 * width;
            int y = HEAD_HEIGHT + index / 2 * CHART_HEIGHT;
            Picture.paint(graphics, charts.get(index), x, y, width, CHART_HEIGHT);
        }
    }

    private CategoryChart churn(String title, String unit, String what, double factor, String pattern) {
        CategoryChart chart = Charts.bars(title, unit);
        List<String> names = run.contenders().stream().map(Contender::title).toList();
        for (int threads : EvictionRun.THREADS) {
            ToDoubleFunction<Contender> value =
                    each -> factor * findings.median(EvictionRun.churn(each, threads) + "." + what);
            List<Double> values =
                    run.contenders().stream().map(value::applyAsDouble).toList();
            chart.addSeries(threads == 1 ? "1 thread" : threads + " threads", names, values)
                    .setFillColor(threads == 1 ? STORE : OTHER);
        }
        chart.getStyler().setXAxisLabelRotation(25);
        Charts.labels(chart, pattern, 90);
        legend(chart.getStyler(), LegendPosition.OutsideS);
        return chart;
    }

    private CategoryChart cost() {
        CategoryChart chart = Charts.bars("Evicting one of a million entries", "ns");
        double whole = findings.median("cost.nanos");
        double sampling = findings.median("cost.sampling_nanos");
        double choosing = findings.median("cost.choosing_nanos");
        double freeing = findings.median("cost.freeing_nanos");
        List<String> names = List.of("sampling", "pool", "unlinking", "freeing", "all");
        List<@Nullable Double> values =
                List.of(sampling, choosing - sampling, whole - choosing - freeing, freeing, whole);
        chart.addSeries("ns", names, values).setFillColor(STORE);
        Charts.labels(chart, "0", 0);
        return chart;
    }

    private CategoryChart latencies(String title, List<String> names, Map<String, String> words) {
        CategoryChart chart = Charts.latencies(title);
        List<Color> colours = List.of(OTHER, STORE, THIRD, FOURTH);
        for (int index = 0; index < names.size(); index++) {
            String name = names.get(index);
            Charts.latency(chart, words.get(name), findings.percentiles(name), colours.get(index), LINE_WIDTH);
        }
        legend(chart.getStyler(), LegendPosition.InsideNW);
        return chart;
    }

    private static void legend(AxesChartStyler styler, LegendPosition position) {
        styler.setLegendVisible(true);
        styler.setLegendPosition(position);
        if (position == LegendPosition.OutsideS) {
            styler.setLegendLayout(LegendLayout.Horizontal);
        }
        styler.setLegendFont(Charts.font(Font.PLAIN, 14));
        styler.setLegendBorderColor(Color.WHITE);
    }
}
