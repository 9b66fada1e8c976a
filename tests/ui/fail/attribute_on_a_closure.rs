fn main() {
    let double = #[runpod::handler]
    |input: u32| input * 2;
    let _ = double;
}
