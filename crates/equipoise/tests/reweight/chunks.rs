//! Problems made of chunks of records, in memory and in mapped files: the same bits as those made at once.

use equipoise::error::{InputCode, InputError};
use equipoise::numeric::sparse::SparseMatrix;
use equipoise::numeric::storage::Storage;
use equipoise::reweight::bands::BandOptions;
use equipoise::reweight::synthetic::NationalPopulation;
use equipoise::reweight::{Bounds, RecordChunk, ReweightOptions, ReweightProblem, Target};
use equipoise::status::Status;
use ndarray::ArrayView1;

const RECORDS: usize = 20_000;
const TARGETS: usize = 120;

fn population() -> NationalPopulation {
    NationalPopulation::generate(RECORDS, TARGETS, 1).unwrap()
}

fn targets(population: &NationalPopulation) -> Vec<Target> {
    population.targets.iter().map(|t| Target::new(t.name.clone(), t.total)).collect()
}

fn mapped() -> Storage {
    Storage::Mapped { folder: std::env::temp_dir() }
}

/// Rows `start..end` as a chunk, with bounds where `bounds` gives some.
fn chunk(population: &NationalPopulation, start: usize, end: usize, bounds: Option<Bounds>) -> RecordChunk {
    let mut starts = vec![0u32];
    let (mut columns, mut values) = (Vec::new(), Vec::new());
    for i in start..end {
        let (row_columns, row_values) = population.matrix.row(i);
        columns.extend_from_slice(row_columns);
        values.extend_from_slice(row_values);
        starts.push(columns.len() as u32);
    }
    RecordChunk {
        matrix: SparseMatrix::from_csr(end - start, TARGETS, starts, columns, values).unwrap(),
        design_weights: population.weight[start..end].to_vec(),
        bounds,
    }
}

fn in_chunks(population: &NationalPopulation, size: usize, storage: Storage) -> ReweightProblem {
    let chunks =
        (0..RECORDS).step_by(size).map(|start| chunk(population, start, (start + size).min(RECORDS), None));
    ReweightProblem::from_chunks(chunks, targets(population), Bounds::default(), storage).unwrap()
}

#[test]
fn chunks_and_storage_change_no_bit() {
    let population = population();
    let weights = ArrayView1::from(&population.weight);
    let whole =
        ReweightProblem::builder(population.matrix.clone(), weights, targets(&population)).build().unwrap();
    let options = ReweightOptions::default();
    let bands = BandOptions::default();
    let want = (whole.solve(&options).unwrap(), whole.solve_bands(&bands).unwrap());
    assert_eq!(want.0.status, Status::Converged);
    for (size, storage) in
        [(RECORDS, Storage::Memory), (777, Storage::Memory), (4096, mapped()), (31, mapped())]
    {
        let problem = in_chunks(&population, size, storage.clone());
        assert_eq!(problem.num_nonzeros(), whole.num_nonzeros());
        for threads in [1, 2] {
            let answer = problem.solve(&ReweightOptions { threads, ..options.clone() }).unwrap();
            assert_eq!(answer.digest, want.0.digest, "{size} {storage:?}");
            assert_eq!(answer.certificate, want.0.certificate);
        }
        let answer = problem.solve_bands(&bands).unwrap();
        assert_eq!(answer.digest, want.1.digest, "{size} {storage:?}");
    }
}

#[test]
fn bounds_of_chunks_are_bounds_per_record() {
    let population = population();
    let narrow = Bounds::Uniform { lower: 0.9, upper: 1.1 };
    let own = Bounds::PerRecord { lower: vec![0.5; 4000], upper: vec![3.0; 4000] };
    let chunks = [
        chunk(&population, 0, 5000, None),
        chunk(&population, 5000, 11_000, Some(narrow)),
        chunk(&population, 11_000, 15_000, Some(own)),
        chunk(&population, 15_000, RECORDS, None),
    ];
    let default = Bounds::Uniform { lower: 0.2, upper: 8.0 };
    let problem =
        ReweightProblem::from_chunks(chunks, targets(&population), default, Storage::Memory).unwrap();

    let interval = |i| match i {
        5000..11_000 => (0.9, 1.1),
        11_000..15_000 => (0.5, 3.0),
        _ => (0.2, 8.0),
    };
    let bounds = Bounds::PerRecord {
        lower: (0..RECORDS).map(|i| interval(i).0).collect(),
        upper: (0..RECORDS).map(|i| interval(i).1).collect(),
    };
    let weights = ArrayView1::from(&population.weight);
    let whole = ReweightProblem::builder(population.matrix.clone(), weights, targets(&population))
        .bounds(bounds)
        .build()
        .unwrap();
    let options = ReweightOptions::default();
    assert_eq!(problem.solve(&options).unwrap().digest, whole.solve(&options).unwrap().digest);
}

#[test]
fn wrong_chunks_are_named() {
    let target = || vec![Target::new("a", 5.0), Target::new("b", 2.0)];
    let matrix = |k| SparseMatrix::from_triples(2, k, &[0, 1], &[0, 1], &[1.0, 1.0]).unwrap();
    let good = RecordChunk { matrix: matrix(2), design_weights: vec![1.0, 2.0], bounds: None };
    let second = |wrong: RecordChunk| {
        let chunks = [good.clone(), wrong, good.clone()];
        ReweightProblem::from_chunks(chunks, target(), Bounds::default(), Storage::Memory).unwrap_err()
    };
    let place = |error: InputError| (error.code, error.path);
    let wrong = |path: &str, code, chunk: RecordChunk| {
        assert_eq!(place(second(chunk)), (code, path.to_string()));
    };
    let short = RecordChunk { design_weights: vec![1.0], ..good.clone() };
    wrong("chunks[1].designWeights", InputCode::Dimension, short);
    let negative = RecordChunk { design_weights: vec![1.0, -2.0], ..good.clone() };
    wrong("chunks[1].designWeights[1]", InputCode::OutOfRange, negative);
    let wide = RecordChunk { matrix: matrix(3), ..good.clone() };
    wrong("chunks[1].matrix", InputCode::Dimension, wide);
    let crossed = Bounds::PerRecord { lower: vec![0.5, 2.0], upper: vec![1.0, 1.0] };
    wrong(
        "chunks[1].bounds.lower[1]",
        InputCode::OutOfRange,
        RecordChunk { bounds: Some(crossed), ..good.clone() },
    );

    let none = ReweightProblem::from_chunks([], target(), Bounds::default(), Storage::Memory);
    assert_eq!(place(none.unwrap_err()), (InputCode::Empty, "designWeights".into()));
    let folder = Storage::Mapped { folder: "no such folder".into() };
    let missing = ReweightProblem::chunked(target(), Bounds::default(), folder);
    assert_eq!(place(missing.unwrap_err()), (InputCode::File, "storage.folder".into()));
    let per_record = Bounds::PerRecord { lower: vec![0.5], upper: vec![2.0] };
    let unknown = ReweightProblem::chunked(target(), per_record, Storage::Memory);
    assert_eq!(place(unknown.unwrap_err()), (InputCode::Dimension, "bounds".into()));
    let twice = vec![Target::new("a", 5.0), Target::new("a", 2.0)];
    let duplicate = ReweightProblem::chunked(twice, Bounds::default(), Storage::Memory);
    assert_eq!(place(duplicate.unwrap_err()), (InputCode::Duplicate, "targets[1].name".into()));
}

#[test]
fn a_refused_chunk_can_be_given_again() {
    let target = || vec![Target::new("a", 5.0)];
    let matrix = || SparseMatrix::from_triples(2, 1, &[0, 1], &[0, 0], &[1.0, 1.0]).unwrap();
    let good = RecordChunk { matrix: matrix(), design_weights: vec![1.0, 2.0], bounds: None };
    let mut problem = ReweightProblem::chunked(target(), Bounds::default(), mapped()).unwrap();
    problem.push(RecordChunk { design_weights: vec![f64::NAN, 1.0], ..good.clone() }).unwrap_err();
    problem.push(good.clone()).unwrap();
    assert_eq!(problem.num_records(), 2);
    let answer = problem.finish().unwrap().solve(&ReweightOptions::default()).unwrap();
    let whole =
        ReweightProblem::builder(matrix(), ArrayView1::from(&good.design_weights), target()).build().unwrap();
    assert_eq!(answer.digest, whole.solve(&ReweightOptions::default()).unwrap().digest);
}
