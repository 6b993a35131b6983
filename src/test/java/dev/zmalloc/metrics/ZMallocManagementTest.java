package dev.zmalloc.metrics;

import static org.assertj.core.api.Assertions.assertThat;

import dev.zmalloc.ProcessMemory;
import dev.zmalloc.ZMalloc;
import dev.zmalloc.fixtures.ChildJvm;
import dev.zmalloc.testing.FaultInjectingAllocator;
import java.lang.foreign.MemorySegment;
import java.lang.management.ManagementFactory;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import javax.management.JMX;
import javax.management.MBeanAttributeInfo;
import javax.management.MBeanServer;
import javax.management.ObjectName;
import javax.management.openmbean.SimpleType;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

class ZMallocManagementTest {
    private final MBeanServer server = ManagementFactory.getPlatformMBeanServer();
    private ObjectName name;

    @BeforeEach
    void register() throws Exception {
        name = new ObjectName(ZMallocManagement.OBJECT_NAME);
        assertThat(ZMallocManagement.register()).isTrue();
    }

    @AfterEach
    void unregister() {
        ZMallocManagement.unregister();
    }

    @Test
    void isRegisteredOnceAndTakenOut() {
        assertThat(ZMallocManagement.register()).isFalse();
        assertThat(server.isRegistered(name)).isTrue();
        assertThat(ZMallocManagement.unregister()).isTrue();
        assertThat(ZMallocManagement.unregister()).isFalse();
        assertThat(server.isRegistered(name)).isFalse();
    }

    @Test
    void everyAttributeCanBeReadByAnyClient() throws Exception {
        MBeanAttributeInfo[] attributes = server.getMBeanInfo(name).getAttributes();
        assertThat(attributes).hasSizeGreaterThan(20).allSatisfy(attribute -> {
            assertThat(attribute.getDescriptor().getFieldValue("openType")).isInstanceOf(SimpleType.class);
            assertThat(attribute.isWritable()).isFalse();
        });

        String[] names =
                Arrays.stream(attributes).map(MBeanAttributeInfo::getName).toArray(String[]::new);
        assertThat(server.getAttributes(name, names)).hasSameSizeAs(names);
    }

    @Test
    void figuresAreThoseOfTheProcess() throws Exception {
        MemorySegment block = ZMalloc.zmalloc(16 << 20);
        Map<String, Object> values = values(
                "UsedMemory",
                "AllocatorName",
                "AllocatorVersion",
                "AllocatorFile",
                "ProcessResidentBytes",
                "AvailableBytes",
                "FragmentationRatio");
        ZMalloc.zfree(block);

        assertThat((Long) values.get("UsedMemory")).isGreaterThanOrEqualTo(16 << 20);
        assertThat(values)
                .containsEntry("AllocatorName", ZMalloc.allocator().name())
                .containsEntry(
                        "AllocatorVersion", ZMalloc.allocator().description().version())
                .containsEntry(
                        "AllocatorFile", ZMalloc.allocator().description().file());
        assertThat((Long) values.get("ProcessResidentBytes")).isGreaterThan(10 << 20);
        assertThat((Long) values.get("AvailableBytes"))
                .isGreaterThan(ProcessMemory.residentBytes().orElseThrow() / 2);
        assertThat((Double) values.get("FragmentationRatio")).isPositive();
    }

    @Test
    void peakAndCountsAreThoseOfTheProcess() {
        ZMallocMXBean bean = JMX.newMXBeanProxy(server, name, ZMallocMXBean.class);
        long allocations = bean.getAllocations();
        long frees = bean.getFrees();
        ZMalloc.zfree(ZMalloc.zmalloc(16 << 20));

        assertThat(bean.getAllocations()).isEqualTo(allocations + 1);
        assertThat(bean.getFrees()).isEqualTo(frees + 1);
        assertThat(bean.getPeakMemory()).isGreaterThan(14 << 20);
        assertThat(bean.getPeakTimeMillis()).isBetween(1_700_000_000_000L, System.currentTimeMillis());

        bean.resetPeak();
        assertThat(bean.getPeakMemory()).isEqualTo(ZMalloc.zmallocUsedMemory());
    }

    @Test
    void whatTheBackendDoesNotTellIsNull() throws Exception {
        boolean told = ZMalloc.allocator().figures().muzzyBytes().isPresent();
        Map<String, Object> values = values("MuzzyBytes", "ActiveBytes", "AllocatorResidentRatio");

        assertThat(values.values())
                .allSatisfy(value -> assertThat(value != null).isEqualTo(told));
    }

    @Test
    void operationsReachTheAllocator() {
        ZMallocMXBean bean = JMX.newMXBeanProxy(server, name, ZMallocMXBean.class);

        assertThat(bean.purge()).isTrue();
        assertThat(bean.getBackgroundThreads())
                .isEqualTo(ZMalloc.allocator().backgroundThreads().orElse(null));
        assertThat(bean.statisticsText("mdablxeh") != null)
                .isEqualTo(ZMalloc.allocator().statisticsText("").isPresent());
    }

    @Test
    @Tag("process")
    void missingModuleIsTold() throws Exception {
        ChildJvm.Result result = ChildJvm.of(ManagementProbe.class)
                .options("--limit-modules", "java.base")
                .without("micrometer")
                .run();

        assertThat(result.exit()).as(result.toString()).isZero();
        assertThat(result.value("works")).isEqualTo("true");
        assertThat(result.value("records")).isEqualTo("false");
        assertThat(result.value("refusal"))
                .contains("java.management", "--add-modules java.management", ZMallocManagement.OBJECT_NAME);
        assertThat(result.value("store-refusal")).contains("--add-modules java.management", "name=probe");
    }

    /** Classes that extend what is not there cannot be loaded, so the error is of the line that names them. */
    @Test
    @Tag("process")
    void missingMicrometerIsTheErrorOfWhoNamesIt() throws Exception {
        ChildJvm.Result without =
                ChildJvm.of(ManagementProbe.class).without("micrometer").run();

        assertThat(without.exit()).as(without.toString()).isZero();
        assertThat(without.value("works")).isEqualTo("true");
        assertThat(without.value("refusal")).isEqualTo("none");
        assertThat(without.value("meters-refusal"))
                .startsWith("io/micrometer/core/instrument/binder/MeterBinder at " + ManagementProbe.class.getName());
        assertThat(without.value("store-meters-refusal"))
                .startsWith("io/micrometer/core/instrument/binder/cache/CacheMeterBinder at "
                        + ManagementProbe.class.getName());
    }

    /** What the tests of applications use needs JUnit only for its extension. */
    @Test
    @Tag("process")
    void faultsAreInjectedWithoutJUnit() throws Exception {
        ChildJvm.Result result = ChildJvm.of(ManagementProbe.class)
                .property("zmalloc.allocator", FaultInjectingAllocator.class.getName())
                .without("junit")
                .without("opentest4j")
                .run();
        assertThat(result.exit()).as(result.toString()).isZero();
        assertThat(result.value("works")).isEqualTo("true");
    }

    private Map<String, Object> values(String... attributes) throws Exception {
        // Not Collectors.toMap, which takes no null.
        return server.getAttributes(name, attributes).asList().stream()
                .collect(
                        HashMap::new,
                        (map, attribute) -> map.put(attribute.getName(), attribute.getValue()),
                        Map::putAll);
    }
}
