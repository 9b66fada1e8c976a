fn main() {
    #[runpod::handler]
    let double = |input: u32| input * 2;
    let _ = double;
}
